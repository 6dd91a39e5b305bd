import { type Integer, multiply, scaleDown, subtract } from "../integer.ts";
import type { DiskThrottle } from "../readings/domain.ts";
import type { Derivation, Sample } from "./rows.ts";

const NS_PER_MS = 1_000_000;
const NS_PER_S = 1_000_000_000n;
const BYTES_PER_KIB = 1024;
const SECOND_DIGITS = 9;

/** Share of the domain's vCPUs that was used since the last reading; QEMU's own threads count too, so it can pass 1. */
export const cpuUtilization: Derivation<"cpu"> = {
  source: "change of cpu.time / (elapsed x vcpu.current)",
  needs: ["vcpu-count"],
  compute(now, before) {
    const { timeNs } = now.values;
    const beforeNs = before?.values.timeNs;
    const vcpus = Number(now.domain.lastKnown?.items.vcpuCount?.[0]?.values.current ?? 0);
    if (before === undefined || timeNs === undefined || beforeNs === undefined) return undefined;
    const elapsedNs = (now.at.monotonicMs - before.at.monotonicMs) * NS_PER_MS;
    const usedNs = Number(subtract(timeNs, beforeNs));
    return elapsedNs <= 0 || usedNs < 0 || vcpus <= 0 ? undefined : usedNs / (elapsedNs * vcpus);
  },
};

/** Since when the domain's QEMU process runs. */
export const uptime: Derivation<"state"> = {
  source: "QEMU process start",
  compute({ at, domain }) {
    if (domain.process === undefined) return undefined;
    const ns = at.wallNs - domain.process.startedAtNs;
    return ns < 0n ? undefined : scaleDown(ns, SECOND_DIGITS);
  },
};

/** What the guest uses, as Ceilometer's memory.usage has it. */
export const guestUsage: Derivation<"balloon"> = {
  source: "balloon.available - balloon.unused",
  compute({ values: { availableKiB, unusedKiB } }) {
    if (availableKiB === undefined || unusedKiB === undefined || unusedKiB > availableKiB) return undefined;
    return multiply(subtract(availableKiB, unusedKiB), BYTES_PER_KIB);
  },
};

/** Share of the guest's memory that cannot be had without swapping. */
export const guestUtilization: Derivation<"balloon"> = {
  source: "1 - balloon.usable / balloon.available, without usable 1 - balloon.unused / balloon.available",
  compute({ values: { availableKiB, usableKiB, unusedKiB } }) {
    const freeKiB = usableKiB ?? unusedKiB;
    if (availableKiB === undefined || freeKiB === undefined) return undefined;
    const ratio = 1 - Number(freeKiB) / Number(availableKiB);
    // Not between 0 and 1, NaN included: the guest's driver told figures that do not fit together.
    return ratio >= 0 && ratio <= 1 ? ratio : undefined;
  },
};

/** Age of the guest's own memory figures: 0 when a remote hypervisor's clock is ahead of ours. */
export const statsAge: Derivation<"balloon"> = {
  source: "now - balloon.last-update",
  compute({ at, values: { lastUpdateS } }) {
    // libvirt's 0 stands for never.
    if (lastUpdateS === undefined || Number(lastUpdateS) === 0) return undefined;
    const ageNs = at.wallNs - BigInt(lastUpdateS) * NS_PER_S;
    return Math.max(0, scaleDown(ageNs, SECOND_DIGITS));
  },
};

/** Mean duration of the reads that ended since the last reading. */
export const readLatency: Derivation<"disk"> = {
  source: "change of block.N.rd.times / change of block.N.rd.reqs",
  comesAndGoes: true,
  compute: (now, before) => latency(now, before, ["readTimeNs", "readOperations"]),
};

/** Mean duration of the writes that ended since the last reading. */
export const writeLatency: Derivation<"disk"> = {
  source: "change of block.N.wr.times / change of block.N.wr.reqs",
  comesAndGoes: true,
  compute: (now, before) => latency(now, before, ["writeTimeNs", "writeOperations"]),
};

/** Share of the process's CPU time since the last reading that did not go to the vCPUs: what emulating the machine cost. */
export const cpuOverhead: Derivation<"process"> = {
  source: "1 - change of the vCPUs' CPU time / change of the process's",
  comesAndGoes: true,
  compute(now, before) {
    if (before === undefined) return undefined;
    const vcpuNs = change(now.values.vcpuNs, before.values.vcpuNs);
    const userNs = change(now.values.userNs, before.values.userNs);
    const systemNs = change(now.values.systemNs, before.values.systemNs);
    if (vcpuNs === undefined || userNs === undefined || systemNs === undefined) return undefined;
    const allNs = userNs + systemNs;
    // Each is rounded to ticks by itself, and the threads are read after the process.
    return allNs === 0 ? undefined : Math.max(0, 1 - vcpuNs / allNs);
  },
};

type TimeAndCount = readonly ["readTimeNs", "readOperations"] | readonly ["writeTimeNs", "writeOperations"];

function latency(
  now: Sample<"disk">,
  before: Sample<"disk"> | undefined,
  [time, count]: TimeAndCount,
): Integer | undefined {
  const spentNs = change(now.values[time], before?.values[time]);
  const operations = change(now.values[count], before?.values[count]);
  if (spentNs === undefined || operations === undefined || operations === 0) return undefined;
  return spentNs / operations / 10 ** SECOND_DIGITS;
}

/** How far a counter went; undefined where it is not known or was set back. */
function change(now: Integer | undefined, before: Integer | undefined): number | undefined {
  if (now === undefined || before === undefined || now < before) return undefined;
  return Number(subtract(now, before));
}

/** How much of a job is done. What changes in between is processed again, so what remains tells it, not what was done. */
export const jobProgress: Derivation<"job"> = {
  source: "1 - data_remaining / data_total, without data_remaining data_processed / data_total",
  compute({ values: { totalBytes, processedBytes, remainingBytes } }) {
    const total = Number(totalBytes ?? 0);
    if (total <= 0) return undefined;
    const done = remainingBytes === undefined ? processedBytes : subtract(totalBytes ?? 0, remainingBytes);
    return done === undefined ? undefined : Math.min(1, Math.max(0, Number(done) / total));
  },
};

/** A limit of a disk in the domain's XML. */
export function diskThrottle(limit: keyof DiskThrottle, source: string): Derivation<"disk"> {
  return {
    source,
    isDescribed: true,
    compute({ values: { name }, domain }) {
      const disk = domain.description?.disks.find(({ target }) => target === name);
      return disk?.throttle?.[limit];
    },
  };
}
