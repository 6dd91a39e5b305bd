/**
 * /proc/<pid>/stat, the state of one process.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 *
 *     12662 (qemu-system-x86) S 1 12661 12661 0 -1 138412416 39157 0 41 0 1253 287 0 0 20 0 5 0 28674 …
 *
 * Numbered from 1: 2 comm, in parentheses, itself with any characters, parentheses and line feeds too; 3 state;
 * 10 minflt; 12 majflt; 14 utime; 15 stime; 20 num_threads; 22 starttime, since boot; 24 rss, in pages; 39 processor. Times are in
 * clock ticks.
 */
import { folderAt, type KernelFolder } from "./kept-folder.ts";
import { readKernelFile } from "./kernel-file.ts";

/** USER_HZ: the kernel's unit towards user space, 100 on every architecture that Node runs on. */
export const CLOCK_TICKS_PER_S = 100;

const LIMIT_BYTES = 4096;
/** From 3, the state, on. One is read of each vCPU in a cycle, and to cut it up takes four times as long. */
const BEHIND_COMM =
  / ([A-Za-z])(?: -?\d+){6} (\d+) \d+ (\d+) \d+ (\d+) (\d+)(?: -?\d+){4} (\d+) \d+ (\d+) \d+ (\d+)(?=[ \n])(?:(?: -?\d+){14} (\d+)(?=[ \n]))?/y;

export interface ProcPidStat {
  readonly pid: number;
  /** The file name of the program, cut after 15 bytes, or what the process called itself. */
  readonly comm: string;
  /** One letter: R running, S sleeping, D waiting for a disk, T stopped, Z zombie, … */
  readonly state: string;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly userTimeTicks: number;
  readonly systemTimeTicks: number;
  readonly threads: number;
  /** After boot. */
  readonly startTimeTicks: number;
  readonly residentPages: number;
  /** The CPU on which it ran last. */
  readonly processor: number | undefined;
}

/** Reads `<procfs>/<pid>/stat`; undefined when there is no such process or it may not be looked at. */
export async function readProcPidStat(procfs: string, pid: number): Promise<ProcPidStat | undefined> {
  const text = await readKernelFile(`${procfs}/${pid}/stat`, LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidStat(text);
}

/** As {@link readProcPidStat}, without giving way: for a look at a thousand processes in a few milliseconds. */
export function readProcPidStatNow(procfs: string, pid: number): ProcPidStat | undefined {
  return readProcPidStatIn(folderAt(`${procfs}/${pid}`));
}

/** As {@link readProcPidStatNow}, in a process's or thread's folder. */
export function readProcPidStatIn(folder: KernelFolder): ProcPidStat | undefined {
  const text = folder.read("stat", LIMIT_BYTES);
  return text === undefined ? undefined : parseProcPidStat(text);
}

/** Parses /proc/<pid>/stat; undefined when it is not one. */
export function parseProcPidStat(text: string): ProcPidStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const pid = Number(text.slice(0, open));
  BEHIND_COMM.lastIndex = close + 1;
  const fields = BEHIND_COMM.exec(text);
  if (fields === null || !(Number.isInteger(pid) && pid > 0)) return undefined;
  return {
    pid,
    comm: text.slice(open + 1, close),
    state: fields[1] ?? "",
    minorFaults: Number(fields[2]),
    majorFaults: Number(fields[3]),
    userTimeTicks: Number(fields[4]),
    systemTimeTicks: Number(fields[5]),
    threads: Number(fields[6]),
    startTimeTicks: Number(fields[7]),
    residentPages: Number(fields[8]),
    processor: fields[9] === undefined ? undefined : Number(fields[9]),
  };
}
