import { readFile } from "node:fs/promises";

import { run } from "./bed/processes.ts";

/** When a process started, in milliseconds since 1970, from its age in ticks and the kernel's uptime. */
export async function procStartMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const uptime = await readFile("/proc/uptime", "utf8");
  const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const ageMs = Number(uptime.split(" ")[0]) * 1000 - startTicks * 10;
  return Date.now() - ageMs;
}

/** The same as ps says it, in whole seconds. */
export async function psStartMs(pid: number): Promise<number> {
  return Date.parse((await run("/usr/bin/ps", ["-o", "lstart=", "-p", String(pid)])).trim());
}
