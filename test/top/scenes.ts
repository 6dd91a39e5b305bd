import { item } from "../../src/host/host-reader.ts";
import type { Integer } from "../../src/integer.ts";
import type { HostReading } from "../../src/readings/host.ts";
import type { HypervisorFacts } from "../../src/readings/hypervisor-facts.ts";
import { type Canvas, type Frame, frameOf } from "../../src/top/frame.ts";
import { TopModel } from "../../src/top/model.ts";
import { painterFor } from "../../src/top/paint.ts";
import { FIRST_VIEW, type View } from "../../src/top/view.ts";
import { domainReading, type Fields, HYPERVISOR, hypervisorReading, second } from "../metrics/readings.ts";

export const URI = "qemu:///system";

const FACTS: HypervisorFacts = {
  libvirtVersion: "12.8.0",
  driver: "QEMU",
  driverVersion: "11.1.0",
  architecture: "x86_64",
  cpus: 16,
  memoryKiB: 64 * 1024 * 1024,
};

const GIB_IN_KIB = 1024 * 1024;

/** How busy a made-up VM is: what it does in a second. */
export interface Load {
  readonly name: string;
  readonly vcpus?: number;
  /** Share of its vCPUs. */
  readonly cpu?: number;
  readonly steal?: number;
  readonly memoryGib?: number;
  readonly readBytes?: number;
  readonly readLatencyMs?: number;
  readonly receivedBytes?: number;
  readonly drops?: number;
  /** virDomainState and its reason. */
  readonly state?: readonly [state: number, reason: number];
  /** Fields beside or instead of those that follow from the load. */
  readonly fields?: Fields;
}

const NS = 1e9;

/** What libvirt tells of a VM after so many seconds of its load. */
export function fieldsOf(load: Load, seconds: number): Fields {
  const { vcpus = 2, cpu = 0, steal = 0, memoryGib = 2, readBytes = 0, readLatencyMs = 1 } = load;
  const { receivedBytes = 0, drops = 0, state = [1, 1] } = load;
  const reads = 100 * seconds;
  const perVcpu = Array.from({ length: vcpus }, (_, number) => [
    [`vcpu.${number}.state`, 1],
    [`vcpu.${number}.time`, Math.round(cpu * seconds * NS)],
    [`vcpu.${number}.wait`, Math.round((steal * seconds * NS) / 2)],
    [`vcpu.${number}.delay`, Math.round(steal * seconds * NS)],
  ]).flat() as [string, Integer][];
  return {
    "state.state": state[0],
    "state.reason": state[1],
    "cpu.time": Math.round(cpu * vcpus * seconds * NS),
    "balloon.current": memoryGib * GIB_IN_KIB,
    "balloon.maximum": memoryGib * GIB_IN_KIB,
    "balloon.rss": Math.round(memoryGib * GIB_IN_KIB * 0.9),
    "balloon.available": memoryGib * GIB_IN_KIB,
    "balloon.unused": Math.round(memoryGib * GIB_IN_KIB * 0.25),
    "balloon.usable": Math.round(memoryGib * GIB_IN_KIB * 0.5),
    "balloon.last-update": 1_800_000_000 + seconds,
    "vcpu.current": vcpus,
    "vcpu.maximum": vcpus,
    ...Object.fromEntries(perVcpu),
    "net.count": 1,
    "net.0.name": "vnet0",
    "net.0.rx.bytes": receivedBytes * seconds,
    "net.0.rx.pkts": 10 * seconds,
    "net.0.rx.errs": 0,
    "net.0.rx.drop": drops * seconds,
    "net.0.tx.bytes": 1000 * seconds,
    "net.0.tx.pkts": 10 * seconds,
    "net.0.tx.errs": 0,
    "net.0.tx.drop": 0,
    "block.count": 1,
    "block.0.name": "vda",
    "block.0.rd.reqs": reads,
    "block.0.rd.bytes": readBytes * seconds,
    "block.0.rd.times": Math.round(reads * readLatencyMs * 1e6),
    "block.0.wr.reqs": 0,
    "block.0.wr.bytes": 0,
    "block.0.wr.times": 0,
    "block.0.capacity": 20 * 1024 ** 3,
    "block.0.allocation": 5 * 1024 ** 3,
    ...load.fields,
  };
}

/** A hypervisor with these VMs, read at each of the seconds. */
export function modelOf(loads: readonly Load[], seconds: readonly number[] = [0, 2, 4]): TopModel {
  const model = new TopModel();
  for (const at of seconds) readInto(model, loads, { at });
  return model;
}

/** When a refresh is, and whose. */
interface Moment {
  /** Seconds into the test. */
  readonly at: number;
  readonly uri?: string;
  readonly hostName?: string;
}

/** For which share of the last ten seconds some tasks waited, in hundredths of a percent; all did for nearly all of it. */
function pressure(tenSeconds: number) {
  return [item(["some"], { tenSeconds }), item(["full"], { tenSeconds: 9900 })];
}

/** A machine of 64 GiB that is busy for a quarter of its time and waits for disks for an eighth, at a second of its life. */
export function machineReading(at: number, problems: readonly Error[] = []): HostReading {
  const ticks = 1600 * at;
  const time = { userTicks: ticks / 4, idleTicks: (ticks * 5) / 8, iowaitTicks: ticks / 8 };
  return {
    identity: HYPERVISOR,
    architecture: "x86_64",
    bootedAtNs: undefined,
    statistics: {
      readAt: { stat: second(at), meminfo: second(at), pressure: second(at) },
      items: {
        hostCpuTotal: [item([], time)],
        hostMemory: [item([], { totalKiB: 64 * GIB_IN_KIB, usedKiB: 23 * GIB_IN_KIB })],
        hostCpuPressure: pressure(125),
        hostMemoryPressure: pressure(0),
        hostIoPressure: pressure(10_000),
      },
    },
    problems,
  };
}

/** One more refresh, in which the hypervisor could be read. */
export function readInto(
  model: TopModel,
  loads: readonly Load[],
  {
    at,
    uri = URI,
    hostName = HYPERVISOR.hostName,
    problems = [],
    host,
  }: Moment & { readonly problems?: readonly Error[]; readonly host?: HostReading },
): void {
  const identity = { ...HYPERVISOR, hostName };
  const domains = loads.map((load) => {
    const uuid = `00000000-0000-4000-8000-${Buffer.from(load.name).toString("hex").slice(0, 12).padStart(12, "0")}`;
    const rest = { uuid, name: load.name, ...(load.state?.[0] === 5 && { id: -1, process: undefined }) };
    return domainReading(fieldsOf(load, at), second(at), rest);
  });
  const reading = { ...hypervisorReading(domains, second(at)), identity, problems };
  const connection = { uri, at: second(at), connected: true, identity, facts: FACTS };
  model.update({
    outcomes: [{ source: uri, state: "ok", durationS: 0.01, reading, error: undefined }],
    connections: [connection],
    host,
  });
}

/** One more refresh, in which it could not. */
export function failInto(model: TopModel, error: Error, { at, uri = URI }: Moment): void {
  model.update({
    outcomes: [{ source: uri, state: "failed", durationS: 0.01, reading: undefined, error }],
    connections: [{ uri, at: second(at), connected: false, identity: HYPERVISOR, facts: FACTS }],
  });
}

/** A canvas without colours. */
export function canvas(width: number, height = 24): Canvas {
  return { width, height, paint: painterFor("none"), alphabet: "unicode" };
}

/** A frame of a model. */
export function frame(model: TopModel, view: Partial<View> = {}, on: Canvas = canvas(80)): Frame {
  const scene = { model, view: { ...FIRST_VIEW, ...view }, time: "12:00:00", intervalText: "2s" };
  return frameOf(scene, on);
}

/** VMs that show all that there is to be shown. */
export const LOADS: readonly Load[] = [
  { name: "web1", cpu: 0.123, readBytes: 1_500_000, receivedBytes: 2_000_000 },
  { name: "web10", cpu: 0.97, steal: 0.12, vcpus: 4, memoryGib: 8, drops: 3 },
  { name: "web2", cpu: 0.5, readLatencyMs: 75, fields: { "balloon.last-update": 1_799_999_000 } },
  { name: "db\u001b[2J-größe-雲", cpu: 0.3, state: [3, 5] },
  { name: "off", state: [5, 1] },
  {
    name: "no-balloon-driver",
    cpu: 0.01,
    fields: {
      "balloon.available": undefined,
      "balloon.unused": undefined,
      "balloon.usable": undefined,
    } as never,
  },
];
