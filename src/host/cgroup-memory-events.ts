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
import { parseFlatKeyed } from "./flat-keyed.ts";
import { readKernelFileNow } from "./kernel-file.ts";

const LIMIT_BYTES = 4096;

export interface CgroupMemoryEvents {
  readonly low: Integer | undefined;
  readonly high: Integer | undefined;
  readonly max: Integer | undefined;
  readonly oom: Integer | undefined;
  readonly oomKill: Integer | undefined;
}

/** Reads memory.events or memory.oom_control, at once; undefined when there is none. */
export function readCgroupMemoryEvents(path: string): CgroupMemoryEvents | undefined {
  const text = readKernelFileNow(path, LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupMemoryEvents(text);
}

/** Parses either file. What is missing or malformed is undefined. */
export function parseCgroupMemoryEvents(text: string): CgroupMemoryEvents {
  const values = parseFlatKeyed(text);
  return {
    low: values.get("low"),
    high: values.get("high"),
    max: values.get("max"),
    oom: values.get("oom"),
    oomKill: values.get("oom_kill"),
  };
}
