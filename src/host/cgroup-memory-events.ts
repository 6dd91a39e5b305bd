/**
 * memory.events of a cgroup (v2), and in v1 the last line of memory.oom_control: how often it met a limit of its memory.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 *
 *     low 0
 *     high 0
 *     max 12
 *     oom 1
 *     oom_kill 1
 *
 * v1 has oom_kill since 4.13.
 */
import type { Integer } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { countAfter } from "./keyed-lines.ts";

const LIMIT_BYTES = 4096;

export interface CgroupMemoryEvents {
  readonly low: Integer | undefined;
  readonly high: Integer | undefined;
  readonly max: Integer | undefined;
  readonly oom: Integer | undefined;
  readonly oomKill: Integer | undefined;
}

/** Reads one of the two files of a group, at once; undefined when there is none. */
export function readCgroupMemoryEvents(
  folder: KernelFolder,
  name: "memory.events" | "memory.oom_control",
): CgroupMemoryEvents | undefined {
  const text = folder.read(name, LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupMemoryEvents(text);
}

/** Parses either file. What is missing or malformed is undefined. */
export function parseCgroupMemoryEvents(text: string): CgroupMemoryEvents {
  return {
    low: countAfter(text, "low "),
    high: countAfter(text, "high "),
    max: countAfter(text, "max "),
    oom: countAfter(text, "oom "),
    oomKill: countAfter(text, "oom_kill "),
  };
}
