import { type AlertScenario, domain, type Labels, ofDomains, ofHosts } from "./scenario.ts";

/** Something that runs out, in 1,000 MB of which 480 are left at first. */
interface SupplyScenario {
  readonly name: string;
  /** The series of one owner, whose amount that is left is given in MB. */
  readonly series: (owner: string, leftMb: Amount) => Labels;
  readonly labels: (owner: string) => Labels;
  readonly what: string;
}

/** A start and what comes to it each minute; how many minutes. */
interface Amount {
  readonly start: number;
  readonly perMinute: number;
  readonly minutes: number;
}

const MB = 1_000_000;
const falling = ({ start, perMinute, minutes }: Amount): string =>
  `${start * MB}${perMinute < 0 ? "-" : "+"}${Math.abs(perMinute) * MB}x${minutes}`;
const constant = (value: number, { minutes }: Amount): string => `${value}x${minutes}`;

const MOUNTED = {
  "system.device": "/dev/vda1",
  "system.filesystem.mountpoint": "/srv",
  "system.filesystem.type": "xfs",
};
const POOL = { "libvirt.uri": "qemu:///system", "libvirt.storage_pool.name": "images" };
/** Of the same name and host, with space for all. */
const OTHER_POOL = { ...POOL, "libvirt.uri": "qemu:///session" };

const SUPPLIES: readonly SupplyScenario[] = [
  {
    name: "DomainMemory",
    series: (owner, left) => ({
      ...ofDomains("libvirt.domain.memory.guest.available", { [owner]: falling(left) }),
      ...ofDomains("libvirt.domain.memory.guest.limit", { [owner]: constant(1000 * MB, left) }),
      ...ofDomains("libvirt.domain.memory.stats.age", { [owner]: constant(5, left) }),
    }),
    labels: domain,
    what: "Memory of leaking on kvm1",
  },
  {
    name: "DomainFilesystem",
    series: (owner, left) => {
      const usage = { ...left, start: 1000 - left.start, perMinute: -left.perMinute };
      return {
        ...ofDomains("libvirt.domain.guest.filesystem.usage", { [owner]: falling(usage) }, MOUNTED),
        ...ofDomains(
          "libvirt.domain.guest.filesystem.limit",
          { [owner]: constant(1000 * MB, left) },
          MOUNTED,
        ),
      };
    },
    labels: (owner) => ({ ...domain(owner), "system.filesystem.mountpoint": "/srv" }),
    what: "Space on /srv of leaking on kvm1",
  },
  {
    name: "HostMemory",
    series: (owner, left) => ({
      ...ofHosts("system.memory.linux.available", { [owner]: falling(left) }),
      ...ofHosts("system.memory.limit", { [owner]: constant(1000 * MB, left) }),
    }),
    labels: (owner) => ({ "host.name": owner }),
    what: "Memory of leaking",
  },
  {
    name: "HostFilesystem",
    series: (owner, left) => ({
      ...ofHosts(
        "system.filesystem.usage",
        { [owner]: falling(left) },
        { ...MOUNTED, "system.filesystem.state": "free" },
      ),
      ...ofHosts("system.filesystem.utilization", { [owner]: constant(0.6, left) }, MOUNTED),
    }),
    labels: (owner) => ({ "host.name": owner, "system.filesystem.mountpoint": "/srv" }),
    what: "Space on /srv of leaking",
  },
  {
    name: "StoragePool",
    series: (owner, left) => ({
      ...ofHosts("libvirt.storage_pool.available", { [owner]: falling(left) }, POOL),
      ...ofHosts("libvirt.storage_pool.limit", { [owner]: constant(1000 * MB, left) }, POOL),
      ...ofHosts("libvirt.storage_pool.available", { [owner]: constant(9000 * MB, left) }, OTHER_POOL),
      ...ofHosts("libvirt.storage_pool.limit", { [owner]: constant(9900 * MB, left) }, OTHER_POOL),
    }),
    labels: (owner) => ({ "host.name": owner, ...POOL }),
    what: "Space in storage pool images of leaking",
  },
];

/** Of alerts that foresee. */
export const SUPPLY_SCENARIOS = SUPPLIES.flatMap(({ name, series, labels, what }): AlertScenario[] => [
  {
    alert: `${name}ExhaustedSoon`,
    series: {
      ...series("leaking", { start: 480, perMinute: -10, minutes: 40 }),
      ...series("steady", { start: 480, perMinute: -1, minutes: 40 }),
    },
    silentAt: "4m",
    at: "30m",
    fires: [{ labels: labels("leaking"), summary: `${what} will run out within 30 minutes` }],
  },
  {
    alert: `${name}ExhaustedToday`,
    series: {
      ...series("leaking", { start: 480, perMinute: -0.5, minutes: 200 }),
      ...series("steady", { start: 480, perMinute: -0.1, minutes: 200 }),
    },
    silentAt: "50m",
    at: "180m",
    fires: [{ labels: labels("leaking"), summary: `${what} will run out within a day` }],
  },
]);
