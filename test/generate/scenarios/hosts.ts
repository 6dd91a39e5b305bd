import { type AlertScenario, type Labels, ofHosts } from "./scenario.ts";

/** Of alerts about a host and its agent. */
export const HOST_SCENARIOS: readonly AlertScenario[] = [
  {
    alert: "HostSilent",
    series: ofHosts("kvmeter.source.status", { dead: "1x30 _x60", alive: "1x90" }, source("ok")),
    silentAt: "34m",
    at: "60m",
    fires: [
      {
        labels: { "host.name": "dead" },
        summary: "Nothing has come from kvmeter on dead for more than five minutes",
      },
    ],
  },
  {
    alert: "HostSilent",
    series: ofHosts("kvmeter.source.status", { retired: "1x30" }, source("ok")),
    at: "1480m",
    fires: [],
  },
  {
    alert: "LibvirtDisconnected",
    series: ofHosts(
      "libvirt.connection.status",
      { down: "0x9 1x20", up: "0x30", restarted: "0x9 1x1 0x20" },
      { "libvirt.uri": "qemu:///system", "libvirt.connection.state": "disconnected" },
    ),
    silentAt: "11m",
    at: "14m",
    fires: [
      {
        labels: { "host.name": "down", "libvirt.uri": "qemu:///system" },
        summary: "kvmeter on down has no connection to qemu:///system",
      },
    ],
  },
  {
    alert: "KvmeterSourceFailing",
    series: {
      ...ofHosts("kvmeter.source.status", { bad: "1x30", good: "0x30" }, source("failed")),
      ...ofHosts("kvmeter.source.status", { good: "1x30" }, source("partial")),
    },
    silentAt: "4m",
    at: "10m",
    fires: [
      {
        labels: { "host.name": "bad", "kvmeter.source": "qemu:///system" },
        summary: "kvmeter on bad cannot read qemu:///system",
      },
    ],
  },
  {
    alert: "KvmeterDropsData",
    series: ofHosts(
      "kvmeter.dropped.data_points",
      { dropping: "0x40 100+100x20", once: "5x60" },
      { "kvmeter.destination": "collector", "kvmeter.drop.reason": "refused" },
    ),
    silentAt: "38m",
    at: "50m",
    fires: [
      {
        labels: {
          "host.name": "dropping",
          "kvmeter.destination": "collector",
          "kvmeter.drop.reason": "refused",
        },
        summary: "kvmeter on dropping drops data for collector: refused",
      },
    ],
  },
  {
    alert: "HostCpuOvercommit",
    series: {
      ...ofHosts("libvirt.host.vcpu.allocated", { dense: "80x60", airy: "32x60" }, uri()),
      ...ofHosts("system.cpu.logical.count", { dense: "16x60", airy: "16x60" }),
    },
    silentAt: "29m",
    at: "40m",
    fires: [{ labels: { "host.name": "dense" }, summary: "dense has 5 vCPUs for each CPU" }],
  },
  {
    alert: "HostMemoryOvercommit",
    series: {
      ...ofHosts(
        "libvirt.host.memory.allocated",
        { dense: "150000000000x60", airy: "90000000000x60" },
        uri(),
      ),
      ...ofHosts("system.memory.limit", { dense: "100000000000x60", airy: "100000000000x60" }),
    },
    silentAt: "29m",
    at: "40m",
    fires: [
      { labels: { "host.name": "dense" }, summary: "The domains of dense were given 150% of its memory" },
    ],
  },
  {
    alert: "MigrationFailures",
    series: {
      ...migrations("failed", { bad: "_x20 1x80", "long-ago": "1x100", quiet: "0x100" }),
      ...migrations("completed", { bad: "4x20 8x80", "long-ago": "4x20 8x80", quiet: "3x100" }),
    },
    at: "79m",
    fires: [
      {
        labels: { "host.name": "bad" },
        summary: "20% of the migrations away from bad failed within the last hour",
      },
    ],
  },
];

function source(state: string): Labels {
  return { "kvmeter.source": "qemu:///system", "kvmeter.source.state": state };
}

function uri(): Labels {
  return { "libvirt.uri": "qemu:///system" };
}

function migrations(outcome: string, values: Readonly<Record<string, string>>): Labels {
  return ofHosts("libvirt.domain.migrations", values, {
    "libvirt.domain.name": "web1",
    "libvirt.domain.uuid": "uuid-of-web1",
    "libvirt.migration.outcome": outcome,
  });
}
