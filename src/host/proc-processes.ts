/**
 * /proc, in which every process has a folder named by its number.
 * https://docs.kernel.org/filesystems/proc.html#process-specific-subdirectories
 */
import { readdir } from "node:fs/promises";

import { field, type HostReader, item } from "./host-reader.ts";
import { isAbsence } from "./kernel-file.ts";

/** How many processes there are. */
export const procProcesses = {
  name: "processes",
  file: "{procfs}",
  needs: "a /proc that is not mounted with hidepid",
  scopes: {
    hostProcessCount: { group: "processes", fields: { processes: field("/proc/*", "count") } },
  },
  // The kernel looks at every process for it.
  intervalMs: 30_000,
  async read({ procfs }) {
    try {
      const processes = (await readdir(procfs)).filter((name) => /^\d+$/.test(name)).length;
      return processes === 0 ? undefined : { hostProcessCount: [item([], { processes })] };
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  },
} as const satisfies HostReader;
