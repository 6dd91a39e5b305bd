/**
 * /sys/devices/system/node/node<N>/cpulist, the CPUs of a NUMA node.
 * https://docs.kernel.org/admin-guide/cputopology.html
 *
 *     0-15,32-47
 *
 * Empty for a node that has memory only.
 */
import { readdirSync } from "node:fs";

import { isAbsence, readKernelFileNow } from "./kernel-file.ts";

const LIMIT_BYTES = 4096;
/** The largest CPU number that a kernel can be built for. */
const CPU_LIMIT = 8192;

/** The node of each CPU, at once; empty where the kernel has no NUMA. */
export function readNodeOfCpus(sysfs: string): ReadonlyMap<number, number> {
  const nodes = new Map<number, number>();
  for (const node of listNodes(`${sysfs}/devices/system/node`)) {
    const list = readKernelFileNow(`${sysfs}/devices/system/node/node${node}/cpulist`, LIMIT_BYTES);
    for (const cpu of parseCpuList(list ?? "")) nodes.set(cpu, node);
  }
  return nodes;
}

/** The numbers in a list of CPUs; what is malformed or too large is left out. A list that was cut off has none. */
export function parseCpuList(text: string): readonly number[] {
  const cpus: number[] = [];
  if (!text.endsWith("\n")) return cpus;
  for (const range of text.slice(0, -1).split(",")) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
    for (let cpu = Number(first); cpu <= Math.min(Number(last), CPU_LIMIT); cpu++) cpus.push(cpu);
  }
  return cpus;
}

function listNodes(folder: string): readonly number[] {
  try {
    return readdirSync(folder).flatMap((name) => {
      const number = /^node(\d{1,4})$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
