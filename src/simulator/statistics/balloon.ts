import type { SimulatedDomain } from "../domain.ts";
import { wireNames, type ParameterList } from "../parameters.ts";
import type { GroupWriter } from "./groups.ts";

const NAMES = wireNames({
  current: "balloon.current",
  maximum: "balloon.maximum",
  swapIn: "balloon.swap_in",
  swapOut: "balloon.swap_out",
  majorFaults: "balloon.major_fault",
  minorFaults: "balloon.minor_fault",
  unused: "balloon.unused",
  available: "balloon.available",
  usable: "balloon.usable",
  lastUpdate: "balloon.last-update",
  diskCaches: "balloon.disk_caches",
  hugetlbSuccesses: "balloon.hugetlb_pgalloc",
  hugetlbFailures: "balloon.hugetlb_pgfail",
  rss: "balloon.rss",
});

/** What the guest's kernel keeps for itself before it counts. */
const KERNEL_SHARE = 0.024;
const QEMU_RSS_KIB = 96 * 1024;
const MINOR_FAULTS_PER_BUSY_S = 2600;

/** Group balloon. */
export const writeBalloon: GroupWriter = (list, { domain, moment, monitor, reportedAtS }) => {
  const memoryKiB = domain.shape.memoryKiB;
  list.ullong(NAMES.current, memoryKiB);
  list.ullong(NAMES.maximum, memoryKiB);
  if (!monitor || !domain.active) return;
  if (reportedAtS === undefined) list.ullong(NAMES.lastUpdate, 0);
  else writeGuestMemory(list, { domain, tS: domain.reportedAtS(moment.tS) ?? moment.tS, reportedAtS });
  // A guest touches its memory within the first hours and QEMU never gives it back.
  const touched = 0.12 + 0.8 * (1 - Math.exp(-moment.worked / 7200));
  list.ullong(NAMES.rss, QEMU_RSS_KIB + memoryKiB * touched);
};

function writeGuestMemory(
  list: ParameterList,
  { domain, tS, reportedAtS }: { domain: SimulatedDomain; tS: number; reportedAtS: number },
): void {
  const report = domain.moment(tS);
  const availableKiB = Math.floor(domain.shape.memoryKiB * (1 - KERNEL_SHARE));
  const load = domain.load.level(report.tS) / domain.load.peak;
  const usedKiB = availableKiB * (0.18 + 0.45 * load);
  const cachesKiB = (availableKiB - usedKiB) * 0.62 * (1 - Math.exp(-report.worked / 3600));
  const unusedKiB = availableKiB - usedKiB - cachesKiB;
  const busyS = domain.vcpus.reduce((sum, vcpu) => sum + domain.total(vcpu, report), 0);
  // Only a database pages: its cache is larger than its memory.
  const pagedKiB = domain.workload === "database" ? report.worked * 0.4 : 0;
  list.ullong(NAMES.swapIn, pagedKiB * 0.7);
  list.ullong(NAMES.swapOut, pagedKiB);
  list.ullong(NAMES.majorFaults, 310 + busyS * 0.02);
  list.ullong(NAMES.minorFaults, 24_000 + busyS * MINOR_FAULTS_PER_BUSY_S);
  list.ullong(NAMES.unused, unusedKiB);
  list.ullong(NAMES.available, availableKiB);
  list.ullong(NAMES.usable, unusedKiB + cachesKiB * 0.86);
  list.ullong(NAMES.lastUpdate, reportedAtS);
  list.ullong(NAMES.diskCaches, cachesKiB);
  list.ullong(NAMES.hugetlbSuccesses, 0);
  list.ullong(NAMES.hugetlbFailures, 0);
}
