import { readdirSync } from "node:fs";

import { type CgroupCpuStat, readCgroupCpuStat } from "../host/cgroup-cpu-stat.ts";
import { folderAt, type KernelFolder } from "../host/kept-folder.ts";
import { isAbsence } from "../host/kernel-file.ts";
import type { Integer } from "../integer.ts";
import type { GroupFolder } from "./domain-cgroup.ts";
import { LastingSum } from "./lasting-sum.ts";

/** How often a domain's groups used up their quotas of CPU time, all of them together. */
export interface Throttling {
  readonly periods: Integer | undefined;
  readonly throttledPeriods: Integer | undefined;
  readonly throttledNs: Integer | undefined;
}

/** How often groups without a quota are looked at again: a guest has one for each vCPU, and hardly ever gets a quota. */
const RELIST_MS = 60_000;
const FIELDS = ["periods", "throttledPeriods", "throttledNs"] as const;
const NOT_COUNTED = { periods: undefined, throttledPeriods: undefined, throttledNs: undefined };

/**
 * Adds up what the kernel counts for each group alone: a quota for the vCPUs, which is the usual one, throttles the group
 * of each vCPU, and neither the domain's nor the nested one knows of it.
 */
export class CgroupThrottling {
  readonly #sums = {
    periods: new LastingSum(),
    throttledPeriods: new LastingSum(),
    throttledNs: new LastingSum(),
  };
  #folders: readonly string[] = [];
  #listedAtMs = -RELIST_MS;
  /** The kernel counts nothing where the cpu controller is off. */
  #isCounted = false;

  readonly #keep: (path: string) => KernelFolder;

  /** `keep` makes a folder of what is read in every cycle. */
  constructor(keep: (path: string) => KernelFolder) {
    this.#keep = keep;
  }

  /** Reads the groups, at once. `own` is the cpu.stat of the nested group, which is read anyway. */
  read({ top, nested }: GroupFolder, own: CgroupCpuStat | undefined, nowMs: number): Throttling {
    const isDue = nowMs - this.#listedAtMs >= RELIST_MS;
    const stats = new Map<string, CgroupCpuStat | undefined>([[nested, own]]);
    const others = isDue ? [...(top === nested ? [] : [top]), ...listParts(nested)] : this.#folders;
    const open = isDue ? folderAt : this.#keep;
    for (const folder of others) stats.set(folder, readCgroupCpuStat(open(folder)));
    if (isDue) {
      this.#listedAtMs = nowMs;
      this.#folders = others.filter((folder) => (stats.get(folder)?.periods ?? 0) > 0);
      this.#isCounted = stats.values().some((stat) => stat?.periods !== undefined);
    }
    if (!this.#isCounted) return NOT_COUNTED;
    for (const [folder, stat] of stats) {
      for (const field of FIELDS) {
        const value = stat?.[field];
        // A group without a quota, which is not read every time, has nothing to add.
        if (value !== undefined && value > 0) this.#sums[field].see(folder, value);
      }
    }
    return {
      periods: this.#sums.periods.sum(),
      throttledPeriods: this.#sums.throttledPeriods.sum(),
      throttledNs: this.#sums.throttledNs.sum(),
    };
  }
}

function listParts(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^(?:emulator|(?:vcpu|iothread)\d{1,5})$/.test(name))
      .map((name) => `${folder}/${name}`);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
