import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { DomainProcesses, type LocalReaders } from "../../src/readings/domain-processes.ts";
import type { DomainDescription } from "../../src/readings/domain.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";
import { type FakeProcess, processOf } from "./fake-processes.ts";

export const ALL: LocalReaders = {
  process: true,
  threads: true,
  cgroup: true,
  numa: true,
  disks: true,
  likeLibvirt: true,
};
export const NONE: LocalReaders = {
  process: false,
  threads: false,
  cgroup: false,
  numa: false,
  disks: false,
  likeLibvirt: false,
};

export function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

export function opened(
  root: string,
  readers = ALL,
  onNotice: (text: string) => void = assert.fail,
): DomainProcesses {
  return new DomainProcesses({
    procfs: `${root}/proc`,
    sysfs: `${root}/sys`,
    mountinfo: `${root}/mountinfo`,
    readers,
    numaIntervalMs: 60_000,
    clock: systemClock,
    onNotice,
  });
}

export const NOTHING: DomainStatistics = { readAt: {}, items: {} };

export const web1: FakeProcess = { pid: 1000, id: 1, vcpus: 2, kernel: "6.12", layout: "v2" };
export const local = (process: Pick<FakeProcess, "pid" | "startTicks">, description?: DomainDescription) => ({
  uuid: `uuid-${process.pid}`,
  process: processOf(process),
  description,
});

/** The values of a domain's items by scope and path, without what is undefined. */
export function told({ items }: DomainStatistics) {
  return Object.fromEntries(
    Object.entries(items).flatMap(([scope, all]) =>
      all.map(({ path, values }) => [
        [scope, ...path].join(" "),
        Object.fromEntries(
          // The size of a folder of any other file system is not the number of its entries.
          Object.entries(values).filter(([name, value]) => value !== undefined && name !== "fileDescriptors"),
        ),
      ]),
    ),
  );
}

export async function readTwice(processes: DomainProcesses, ...domains: ReturnType<typeof local>[]) {
  await processes.read(domains);
  await processes.settled();
  return processes.read(domains);
}

/** What stands in the files of every fake process. */
export const PROCESS = {
  userNs: 12_530_000_000,
  systemNs: 2_870_000_000,
  minorFaults: 39_157,
  majorFaults: 41,
  threads: 6,
  vcpuNs: 3_010_000_000,
  residentBytes: 238_800_896,
  virtualBytes: 1_772_122_112,
  swapBytes: 4096,
  sharedBytes: 24_637_440,
  voluntarySwitches: 3874,
  involuntarySwitches: 916,
  readBytes: 12_288,
  writtenBytes: 4096,
};
