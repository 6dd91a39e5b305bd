import { type AlertRule, DOMAIN, HOST } from "./rule.ts";

/** Something that can run out. */
interface Supply {
  /** What the alert is called: DomainMemory, HostMemory. */
  readonly name: string;
  /** What is left, in bytes. */
  readonly left: string;
  readonly by: string;
  /** Holds while so much is used that a trend is worth a word: every guest's memory falls while it boots. */
  readonly onlyIf: string;
  /** Completes "… will run out". */
  readonly what: string;
  readonly runbook: string;
}

const GUEST_FILESYSTEM = `${DOMAIN}, "system.filesystem.mountpoint"`;
const FILESYSTEM = `${HOST}, "system.filesystem.mountpoint"`;
// The system's and a user's libvirt on one host have pools of the same name.
const POOL = `${HOST}, "libvirt.uri", "libvirt.storage_pool.name"`;

const SUPPLIES: readonly Supply[] = [
  {
    name: "DomainMemory",
    left: '{"libvirt.domain.memory.guest.available"}',
    by: DOMAIN,
    onlyIf: "domain:guest_memory_available:ratio < 0.5",
    what: "Memory of {libvirt.domain.name} on {host.name}",
    runbook: `The memory that the guest has left falls in a line that reaches zero. Look inside the guest for the process that
grows. Mend before its kernel does: restart that process, or give more memory (\`virsh setmem\`).`,
  },
  {
    name: "DomainFilesystem",
    left: '{"libvirt.domain.guest.filesystem.limit"} - {"libvirt.domain.guest.filesystem.usage"}',
    by: GUEST_FILESYSTEM,
    onlyIf: `max by (${GUEST_FILESYSTEM}) (
    {"libvirt.domain.guest.filesystem.usage"} / {"libvirt.domain.guest.filesystem.limit"}
  ) > 0.5`,
    what: "Space on {system.filesystem.mountpoint} of {libvirt.domain.name} on {host.name}",
    runbook: `A file system of the guest, as its guest agent tells it, fills up. Look inside the guest at what grows. Mend: make
space, or enlarge the disk (\`virsh blockresize\`) and then the file system.`,
  },
  {
    name: "HostMemory",
    left: '{"system.memory.linux.available"}',
    by: HOST,
    onlyIf: `max by (${HOST}) ({"system.memory.linux.available"}) / max by (${HOST}) ({"system.memory.limit"}) < 0.5`,
    what: "Memory of {host.name}",
    runbook: `The host's memory falls in a line that reaches zero; then it swaps domains out, or the kernel kills the largest QEMU.
See in the host dashboard whose process grows. Mend: migrate domains away, shrink balloons, start no more.`,
  },
  {
    name: "HostFilesystem",
    left: '{"system.filesystem.usage", "system.filesystem.state"="free"}',
    by: FILESYSTEM,
    onlyIf: `max by (${FILESYSTEM}) ({"system.filesystem.utilization"}) > 0.5`,
    what: "Space on {system.filesystem.mountpoint} of {host.name}",
    runbook: `A file system of the host fills up. If it holds images, their domains are paused when it is full
(DomainOutOfSpace); if it is /var, logs and libvirt's own state stop. \`du -x -d1 MOUNTPOINT\` says what it is; thin images
that grow are in the VM dashboard as allocation.`,
  },
  {
    name: "StoragePool",
    left: '{"libvirt.storage_pool.available"}',
    by: POOL,
    onlyIf: `max by (${POOL}) ({"libvirt.storage_pool.available"}) / max by (${POOL}) ({"libvirt.storage_pool.limit"}) < 0.5`,
    what: "Space in storage pool {libvirt.storage_pool.name} of {host.name}",
    runbook: `A storage pool of libvirt's fills up; thin images and snapshots grow without anybody creating anything. \`virsh
vol-list POOL --details\` shows capacity beside allocation. Mend: enlarge the pool, or move or delete volumes.`,
  },
];

/** Two rules for each supply: it will not last half an hour; it will not last a day. */
export const PREDICTION_RULES: readonly AlertRule[] = SUPPLIES.flatMap((supply): AlertRule[] => [
  {
    alert: `${supply.name}ExhaustedSoon`,
    query: prediction(supply, { from: "30m", aheadS: 1800 }),
    lasting: "5m",
    severity: "critical",
    summary: `${supply.what} will run out within 30 minutes`,
    runbook: `${supply.runbook} The trend is that of the last 30 minutes, half an hour ahead.`,
  },
  {
    alert: `${supply.name}ExhaustedToday`,
    query: prediction(supply, { from: "6h", aheadS: 86_400 }),
    lasting: "1h",
    severity: "warning",
    summary: `${supply.what} will run out within a day`,
    runbook: `${supply.runbook} The trend is that of the last six hours, a day ahead.`,
  },
]);

function prediction({ left, by, onlyIf }: Supply, trend: { from: string; aheadS: number }): string {
  // A range needs a selector; a difference has to be computed at each step first.
  const range = left.includes(" - ") ? `(${left})[${trend.from}:1m]` : `${left}[${trend.from}]`;
  return `min by (${by}) (predict_linear(${range}, ${trend.aheadS})) < 0
  and on (${by}) ${onlyIf}`;
}
