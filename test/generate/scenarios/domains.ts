import { type AlertScenario, domain, type Labels, ofDomains } from "./scenario.ts";

const READS = { "system.device": "vda", "disk.io.direction": "read" };
const RECEIVED = { "network.interface.name": "vnet0", "network.io.direction": "receive" };
const NO_SPACE = { "system.device": "vda", "libvirt.disk.state": "no_space" };
const IO_ERROR = { "libvirt.domain.state": "paused", "libvirt.domain.state.reason": "ioerror" };

/** Of alerts about one domain. */
export const DOMAIN_SCENARIOS: readonly AlertScenario[] = [
  {
    alert: "DomainCpuHigh",
    series: ofDomains("libvirt.domain.cpu.utilization", {
      busy: "0.95x60",
      calm: "0.8x60",
      spike: "0.5x25 1x8 0.5x30",
    }),
    silentAt: "9m",
    at: "38m",
    fires: [{ labels: domain("busy"), summary: "busy on kvm1 uses 95% of its vCPUs" }],
  },
  {
    alert: "DomainCpuSteal",
    series: {
      ...ofDomains("libvirt.domain.vcpu.delay_time", { starved: "0+12x60", served: "0+3x60" }, cpu("0")),
      ...ofDomains("libvirt.domain.vcpu.delay_time", { starved: "0+6x60", served: "0+1x60" }, cpu("1")),
    },
    silentAt: "9m",
    at: "40m",
    fires: [
      { labels: domain("starved"), summary: "vCPUs of starved on kvm1 wait for a CPU 15% of the time" },
    ],
  },
  {
    alert: "DomainGuestMemoryLow",
    series: {
      ...ofDomains("libvirt.domain.memory.guest.available", {
        full: "50000000x60",
        roomy: "500000000x60",
        "driver-dead": "50000000x60",
      }),
      ...ofDomains("libvirt.domain.memory.guest.limit", {
        full: "1000000000x60",
        roomy: "1000000000x60",
        "driver-dead": "1000000000x60",
      }),
      ...ofDomains("libvirt.domain.memory.stats.age", {
        full: "5x60",
        roomy: "5x60",
        "driver-dead": "900x60",
      }),
    },
    silentAt: "3m",
    at: "30m",
    fires: [{ labels: domain("full"), summary: "full on kvm1 has 5% of its memory available" }],
  },
  {
    alert: "DomainBalloonStatisticsDead",
    series: {
      ...ofDomains("libvirt.domain.memory.stats.age", { dead: "0+60x60", paused: "0+60x60", alive: "5x60" }),
      ...ofDomains(
        "libvirt.domain.status",
        { dead: "1x60", paused: "0x60", alive: "1x60" },
        { "libvirt.domain.state": "running" },
      ),
    },
    silentAt: "9m",
    at: "30m",
    fires: [{ labels: domain("dead"), summary: "Memory figures of dead on kvm1 are 30m 0s old" }],
  },
  {
    alert: "DomainDoesNotAnswer",
    series: {
      ...ofDomains("libvirt.domain.control.status", { hung: "0x9 1x20" }, control("occupied")),
      ...ofDomains("libvirt.domain.control.status", { hung: "1x9 0x20", moving: "0x30" }, control("ok")),
      ...ofDomains("libvirt.domain.control.status", { moving: "1x30" }, control("job")),
    },
    silentAt: "9m",
    at: "15m",
    fires: [
      {
        labels: { ...domain("hung"), ...control("occupied") },
        summary: "QEMU of hung on kvm1 does not answer (occupied)",
      },
    ],
  },
  {
    alert: "DomainDiskLatencyHigh",
    series: {
      ...ofDomains(
        "libvirt.domain.disk.operation_time",
        { slow: "0+48x60", fast: "0+6x60", idle: "7x60" },
        READS,
      ),
      ...ofDomains(
        "libvirt.domain.disk.operations",
        { slow: "0+600x60", fast: "0+600x60", idle: "100x60" },
        READS,
      ),
    },
    silentAt: "4m",
    at: "30m",
    fires: [{ labels: { ...domain("slow"), ...READS }, summary: "A read of vda of slow on kvm1 takes 80ms" }],
  },
  {
    alert: "DomainDiskLatencyUnusual",
    series: {
      ...ofDomains(
        "libvirt.domain.disk.operation_time",
        {
          worse: "0+6x400 2424+24x60",
          "always-so": "0+24x460",
          young: "_x400 0+24x60",
        },
        READS,
      ),
      ...ofDomains(
        "libvirt.domain.disk.operations",
        { worse: "0+600x460", "always-so": "0+600x460", young: "_x400 0+600x60" },
        READS,
      ),
    },
    silentAt: "400m",
    at: "425m",
    fires: [
      {
        labels: { ...domain("worse"), ...READS },
        summary: "A read of vda of worse on kvm1 takes 40ms, far longer than usual",
      },
    ],
  },
  {
    alert: "DomainNetworkErrors",
    series: {
      ...ofDomains("libvirt.domain.network.errors", { bad: "0+1x60", good: "0+0.05x60" }, RECEIVED),
      ...ofDomains("libvirt.domain.network.packet.count", { bad: "0+99x60", good: "0+100x60" }, RECEIVED),
    },
    silentAt: "4m",
    at: "30m",
    fires: [
      {
        labels: { ...domain("bad"), ...RECEIVED },
        summary: "1% of the packets on vnet0 of bad on kvm1 are errors (receive)",
      },
    ],
  },
  {
    alert: "DomainOutOfSpace",
    series: ofDomains("libvirt.domain.disk.status", { full: "0x9 1x20", fine: "0x30" }, NO_SPACE),
    silentAt: "9m",
    at: "10m",
    fires: [
      {
        labels: { ...domain("full"), "system.device": "vda" },
        summary: "full on kvm1 stands still: no space for vda",
      },
    ],
  },
  {
    alert: "DomainPausedByIoError",
    series: {
      ...ofDomains("libvirt.domain.state.reason", { stuck: "_x9 1x20" }, IO_ERROR),
      ...ofDomains(
        "libvirt.domain.state.reason",
        { saved: "1x30" },
        { "libvirt.domain.state": "paused", "libvirt.domain.state.reason": "user" },
      ),
    },
    silentAt: "8m",
    at: "12m",
    fires: [{ labels: domain("stuck"), summary: "stuck on kvm1 stands still after an I/O error" }],
  },
  {
    alert: "DomainClockDrift",
    series: ofDomains("libvirt.domain.guest.clock.offset", { behind: "-2.5x60", right: "0.2x60" }),
    silentAt: "9m",
    at: "30m",
    fires: [
      { labels: domain("behind"), summary: "The clock of behind on kvm1 is 2.5s away from the host's" },
    ],
  },
];

function cpu(number: string): Labels {
  return { "cpu.logical_number": number };
}

function control(state: string): Labels {
  return { "libvirt.control.state": state };
}
