import type { DomainReading } from "../../src/readings/domain.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";

const AT = { wallNs: 1_700_000_000_000_000_000n, monotonicMs: 0 };

/** When the cases are judged, milliseconds since the epoch. */
export const NOW_MS = 1_700_000_000_000;

export interface CaseOptions {
  readonly name?: string;
  readonly id?: number;
  readonly items?: DomainStatistics["items"];
  /** How long its QEMU has been running. */
  readonly uptimeS?: number;
}

const item = <Values>(path: readonly (number | string)[], values: Values) => ({
  path,
  parent: undefined,
  values,
});

/** A running domain whose balloon told a second ago, with one disk. */
export function readingOf({
  name = "web1",
  id = 7,
  items = {},
  uptimeS = 3600,
}: CaseOptions = {}): DomainReading {
  const statistics: DomainStatistics = {
    readAt: { state: AT, balloon: AT, block: AT, "vcpu-kvm": AT },
    items: {
      state: [item([], { state: 1 })],
      balloon: [item([], { lastUpdateS: NOW_MS / 1000 - 1 })],
      disk: [item([0], { name: "vda", readOperations: 12 })],
      ...items,
    },
  };
  return {
    uuid: "4a92c712-7a8f-4027-8830-cb3ccd4c0f12",
    name,
    id,
    description: undefined,
    process: { pid: 4711, startedAtNs: BigInt(NOW_MS - uptimeS * 1000) * 1_000_000n },
    statistics,
    lastKnown: statistics,
  };
}

export { item };

/** A domain's XML with these devices in place of the usual ones. */
export function xmlOf({
  type = "kvm",
  disks = "<disk type='file' device='disk'><source file='/x'/><target dev='vda'/></disk>",
  channel = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>",
  balloon = "<memballoon model='virtio'><stats period='10'/></memballoon>",
}: {
  readonly type?: string;
  readonly disks?: string;
  readonly channel?: string;
  readonly balloon?: string;
} = {}): string {
  return `<domain type='${type}'><name>web1</name><uuid>4a92c712-7a8f-4027-8830-cb3ccd4c0f12</uuid>
<devices>${disks}${channel}${balloon}</devices></domain>`;
}
