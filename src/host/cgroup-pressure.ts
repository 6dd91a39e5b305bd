/**
 * cpu.pressure, memory.pressure and io.pressure of a cgroup (v2): how long its tasks stood still for want of
 * something.
 * https://docs.kernel.org/accounting/psi.html
 *
 *     some avg10=0.19 avg60=0.08 avg300=0.01 total=84482
 *     full avg10=0.19 avg60=0.08 avg300=0.01 total=67582
 *
 * some: at least one task waited; full: all did. total is in microseconds. Up to 5.12 cpu has no line of full.
 */
import { type Integer, multiply } from "../integer.ts";
import type { KernelFolder } from "./kept-folder.ts";
import { lineAfter } from "./keyed-lines.ts";
import { parseCount } from "./numbers.ts";

const LIMIT_BYTES = 1024;
const NS_PER_US = 1000;
const TOTAL = "total=";

export interface CgroupPressure {
  readonly someNs: Integer | undefined;
  readonly fullNs: Integer | undefined;
}

/** Reads a pressure file of a group, at once; undefined when there is none, or pressure is switched off in the kernel. */
export function readCgroupPressure(folder: KernelFolder, name: string): CgroupPressure | undefined {
  const text = folder.read(name, LIMIT_BYTES);
  return text === undefined ? undefined : parseCgroupPressure(text);
}

/** Parses a pressure file. What is missing or malformed is undefined. */
export function parseCgroupPressure(text: string): CgroupPressure {
  return { someNs: totalOf(lineAfter(text, "some ")), fullNs: totalOf(lineAfter(text, "full ")) };
}

function totalOf(line = ""): Integer | undefined {
  const at = line.indexOf(TOTAL);
  const us = at < 0 ? undefined : parseCount(line.slice(at + TOTAL.length));
  return us === undefined ? undefined : multiply(us, NS_PER_US);
}
