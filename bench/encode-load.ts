import type {
  Attributes,
  MetricDescriptor,
  Resource,
  ResourcePoints,
  Series,
} from "../src/metrics/points.ts";

type NumberMetric = MetricDescriptor & { readonly kind: "counter" | "updowncounter" | "gauge" };

/** One metric of a domain and the attribute sets of its series. */
export interface LoadMetric {
  readonly metric: NumberMetric;
  readonly series: readonly Attributes[];
}

/** A domain as it is measured: the same object in every cycle. */
export interface LoadDomain {
  readonly resource: Resource;
  readonly metrics: readonly { readonly metric: NumberMetric; readonly series: readonly Series[] }[];
}

const RANGE_8 = [0, 1, 2, 3, 4, 5, 6, 7];
const VCPUS = RANGE_8.map((vcpu) => ({ "cpu.logical_number": vcpu }));
const DISK_DIRECTIONS = ["vda", "vdb", "vdc"].flatMap((device) =>
  ["read", "write"].map((direction) => ({ "system.device": device, "disk.io.direction": direction })),
);
const DISKS = ["vda", "vdb", "vdc"].map((device) => ({ "system.device": device }));
const NIC_DIRECTIONS = ["vnet0", "vnet1"].flatMap((name, index) =>
  ["receive", "transmit"].map((direction) => ({
    "network.interface.name": name,
    "network.io.direction": direction,
    "libvirt.interface.mac": `52:54:00:6b:3c:0${index}`,
  })),
);
const ONE: readonly Attributes[] = [{}];

/** A domain with 8 vCPUs, 3 disks and 2 NICs: 100 series. */
export const LOAD_METRICS: readonly LoadMetric[] = [
  double("counter", "cpu.time", ONE),
  double(
    "counter",
    "cpu.mode_time",
    ["user", "system"].map((mode) => ({ "cpu.mode": mode })),
  ),
  double("gauge", "cpu.utilization", ONE),
  double(
    "counter",
    "cpu.haltpoll.time",
    ["success", "fail"].map((outcome) => ({ "libvirt.haltpoll.outcome": outcome })),
  ),
  double("counter", "vcpu.time", VCPUS),
  double("counter", "vcpu.wait_time", VCPUS),
  double("counter", "vcpu.delay_time", VCPUS),
  whole("updowncounter", "vcpu.count", ONE),
  whole("updowncounter", "vcpu.limit", ONE),
  ...["limit", "balloon.size", "rss", "guest.limit", "guest.usage", "guest.free", "guest.available"].map(
    (name) => whole("updowncounter", `memory.${name}`, ONE),
  ),
  double("gauge", "memory.guest.utilization", ONE),
  double("gauge", "uptime", ONE),
  ...["io", "packet.count", "errors", "packet.dropped"].map((name) =>
    whole("counter", `network.${name}`, NIC_DIRECTIONS),
  ),
  whole("counter", "disk.io", DISK_DIRECTIONS),
  whole("counter", "disk.operations", DISK_DIRECTIONS),
  double("counter", "disk.operation_time", DISK_DIRECTIONS),
  double("gauge", "disk.latency", DISK_DIRECTIONS),
  whole("counter", "disk.flush.operations", DISKS),
  double("counter", "disk.flush.time", DISKS),
  ...["limit", "allocation", "physical"].map((name) => whole("updowncounter", `disk.${name}`, DISKS)),
  whole(
    "counter",
    "paging.faults",
    ["major", "minor"].map((type) => ({ "system.paging.fault.type": type })),
  ),
  whole(
    "counter",
    "paging.io",
    ["in", "out"].map((direction) => ({ "system.paging.direction": direction })),
  ),
];

/** The attributes of domain number `index`. */
export function domainAttributes(index: number): Attributes {
  const uuid = `6f2c1e0a-5b7d-4c3e-9a1f-${index.toString(16).padStart(12, "0")}`;
  return {
    "libvirt.domain.uuid": uuid,
    "libvirt.domain.name": `instance-${index.toString(16).padStart(8, "0")}`,
    "host.name": "compute-17.example.net",
    "host.id": "b08dfa6083e7567a1921a715000001fb",
    "service.name": "kvmeter",
    "service.instance.id": uuid,
  };
}

/** The domains of the load, each with its resource and series. */
export function loadDomains(count: number, startTimeNs: bigint): readonly LoadDomain[] {
  return Array.from({ length: count }, (_, index) => ({
    resource: { attributes: domainAttributes(index) },
    metrics: LOAD_METRICS.map(({ metric, series }) => ({
      metric,
      series: series.map((attributes) => ({
        attributes: { ...attributes },
        startTimeNs: metric.kind === "gauge" ? undefined : startTimeNs,
      })),
    })),
  }));
}

/** The value of a series in a cycle: whole ones pass 2^32, all change from cycle to cycle. */
export function loadValue(valueType: "int" | "double", cycle: number, index: number): number {
  return valueType === "int" ? 5_000_000_000 + 4096 * cycle + index : 1234.567 + 0.25 * cycle + index;
}

/** All points of a cycle. */
export function loadPoints(domains: readonly LoadDomain[], cycle: number, timeNs: bigint): ResourcePoints[] {
  return domains.map(({ resource, metrics }) => ({
    resource,
    metrics: metrics.map(({ metric, series }) => ({
      metric,
      points: series.map((each, index) => ({
        series: each,
        timeNs,
        value: loadValue(metric.valueType, cycle, index),
      })),
    })),
  }));
}

function double(kind: NumberMetric["kind"], name: string, series: readonly Attributes[]): LoadMetric {
  return { metric: descriptor(kind, name, "double"), series };
}

function whole(kind: NumberMetric["kind"], name: string, series: readonly Attributes[]): LoadMetric {
  return { metric: descriptor(kind, name, "int"), series };
}

function descriptor(kind: NumberMetric["kind"], name: string, valueType: "int" | "double"): NumberMetric {
  return {
    name: `libvirt.domain.${name}`,
    description: `What libvirt says of ${name} since the domain started.`,
    unit: valueType === "int" ? "By" : "s",
    kind,
    valueType,
  };
}
