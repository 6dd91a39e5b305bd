/**
 * Whether a process sees the machine or only its container.
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html, include/uapi/linux/nsfs.h
 *
 *     /proc/self/ns/pid -> pid:[4026531836]
 *     NSpid:	12661	7
 *
 * The first PID namespace always has that number. NSpid in /proc/<pid>/status: the process's number in the namespace
 * that this /proc was mounted in, and in each one below it, down to its own.
 */
import { readlink } from "node:fs/promises";

import { isAbsence, readKernelFile } from "./kernel-file.ts";

const FIRST_PID_NAMESPACE = "pid:[4026531836]";
const LIMIT_BYTES = 65_536;

/**
 * Does this /proc show the processes, and with them the mounts and interfaces, of the container that we are in, and not
 * the machine's? Where nothing can be found out, it does not.
 */
export async function isContainersProcfs(procfs: string, ownProcfs = "/proc"): Promise<boolean> {
  const namespace = await readlink(`${ownProcfs}/self/ns/pid`).catch(undefinedIfAbsent);
  if (namespace === undefined || namespace === FIRST_PID_NAMESPACE) return false;
  const status = (await readKernelFile(`${procfs}/self/status`, LIMIT_BYTES)) ?? "";
  const numbers = /^NSpid:((?:\t\d+)+)$/m.exec(status)?.[1];
  // Seen from the machine, a process in a namespace has its number there as well.
  return numbers?.trim().split("\t").length === 1;
}

function undefinedIfAbsent(error: unknown): undefined {
  if (!isAbsence(error)) throw error;
}
