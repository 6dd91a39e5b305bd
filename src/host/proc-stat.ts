/**
 * /proc/stat, kernel and system statistics.
 * https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
 *
 *     cpu  2255 34 2290 22625563 6290 127 456 0 0 0
 *     cpu0 1132 34 1441 11311718 3675 127 438 0 0 0
 *     intr 114930548 113199788 3 0 5 263 …
 *     btime 1062191376
 *     processes 2915
 *
 * The numbers of a CPU: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice, in clock ticks. user
 * has guest in it, nice has guest_nice. A CPU that is offline has no line. btime: seconds since the epoch at which the
 * system booted, rounded down; it moves when the clock is set. processes: how many were ever created.
 */
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostItems, type HostReader, item } from "./host-reader.ts";
import { readKernelFileSoon } from "./kernel-file.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";

/** The line of interrupts grows with CPUs and devices and comes before btime. */
const LIMIT_BYTES = 4_194_304;

/** In their order. The last two came with Linux 2.6.24 and 2.6.33. */
const CPU_FIELDS = {
  userTicks: field("/proc/stat cpu user", "ticks"),
  niceTicks: field("/proc/stat cpu nice", "ticks"),
  systemTicks: field("/proc/stat cpu system", "ticks"),
  idleTicks: field("/proc/stat cpu idle", "ticks"),
  iowaitTicks: field("/proc/stat cpu iowait", "ticks"),
  interruptTicks: field("/proc/stat cpu irq", "ticks"),
  softirqTicks: field("/proc/stat cpu softirq", "ticks"),
  stealTicks: field("/proc/stat cpu steal", "ticks"),
  guestTicks: field("/proc/stat cpu guest", "ticks"),
  guestNiceTicks: field("/proc/stat cpu guest_nice", "ticks"),
} as const;
const CPU_FIELD_NAMES = Object.keys(CPU_FIELDS);
const LEAST_CPU_FIELDS = 4;

export interface ProcStat {
  readonly bootTimeS: number | undefined;
}

/** Reads `<procfs>/stat` for its boot time; undefined when there is none. */
export async function readProcStat(procfs: string): Promise<ProcStat | undefined> {
  const text = await readKernelFileSoon(`${procfs}/stat`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcStat(text);
}

/** The boot time in /proc/stat. A line that is missing or malformed is undefined. */
export function parseProcStat(text: string): ProcStat {
  const bootTime = /^btime (\d{1,15})$/m.exec(text)?.[1];
  return { bootTimeS: bootTime === undefined ? undefined : Number(bootTime) };
}

/** CPU times of all CPUs and of each, and how many processes were created. */
export const procStat = {
  name: "stat",
  file: "{procfs}/stat",
  needs: "a mounted /proc",
  scopes: {
    // The kernel counts what a CPU idles and waits in two places and takes some of it back now and then.
    hostCpuTotal: { group: "stat", isSteady: true, fields: CPU_FIELDS },
    hostCpu: { group: "stat", isSteady: true, fields: CPU_FIELDS },
    hostProcesses: {
      group: "stat",
      isSteady: true,
      fields: { created: field("/proc/stat processes", "count") },
    },
  },
  async read({ procfs, onFault }) {
    const totals: HostItem[] = [];
    const cpus: HostItem[] = [];
    const single: Record<string, Integer> = {};
    const file = { path: `${procfs}/stat`, limitBytes: LIMIT_BYTES };
    const isThere = await readLines(file, { onFault }, (line) => {
      if (line.startsWith("cpu")) return takeCpu(line, { totals, cpus });
      // The longest lines by far, and /proc/interrupts has them by name.
      if (line.startsWith("intr ") || line.startsWith("softirq ")) return undefined;
      const [key = "", text, ...others] = line.split(" ");
      const value = parseCount(text);
      if (value === undefined || others.length > 0) return "not a name and a number";
      single[key] = value;
      return undefined;
    });
    if (!isThere) return undefined;
    const items: Record<string, readonly HostItem[]> = { hostCpuTotal: totals, hostCpu: cpus };
    if (single["processes"] !== undefined)
      items["hostProcesses"] = [item([], { created: single["processes"] })];
    return items satisfies HostItems;
  },
} as const satisfies HostReader;

function takeCpu(
  line: string,
  { totals, cpus }: { readonly totals: HostItem[]; readonly cpus: HostItem[] },
): string | undefined {
  const [name = "", ...numbers] = line.split(" ").filter((part) => part !== "");
  const values: Record<string, Integer> = {};
  if (numbers.length < LEAST_CPU_FIELDS) return "fewer than 4 times of a CPU";
  for (let at = 0; at < CPU_FIELD_NAMES.length && at < numbers.length; at += 1) {
    const value = parseCount(numbers[at]);
    if (value === undefined) return "a time of a CPU is not a number";
    values[CPU_FIELD_NAMES[at] ?? ""] = value;
  }
  if (name === "cpu") totals.push(item([], values));
  else if (/^cpu\d{1,6}$/.test(name)) cpus.push(item([Number(name.slice(3))], values));
  else return "not a CPU's name";
  return undefined;
}
