import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Configuration, DestinationConfiguration } from "../src/config/configuration.ts";
import { PRESETS, type PresetName } from "../src/config/presets.ts";
import { ExportPipeline } from "../src/export-pipeline.ts";
import { snapshotOf } from "../src/local-endpoint/snapshot.ts";
import type { DeltaStore } from "../src/metrics/delta-store.ts";
import type { ExportRequest } from "../src/otlp/destination.ts";
import { QUEUE_DEFAULTS } from "../src/otlp/options.ts";
import { createMemoryStore } from "../src/otlp/queue/open.ts";
import { createPipelines, scrapedPipeline } from "../src/pipelines.ts";
import type { DomainReading } from "../src/readings/domain.ts";
import { collectorAt, configurationOf } from "./configuration.ts";
import { collectLog } from "./logged.ts";
import { domainReading, type Fields, hypervisorReading, second, secondNs } from "./metrics/readings.ts";
import { keeper } from "./otlp/keeper.ts";
import { decodeRequest } from "./otlp/official-proto.ts";
import {
  DATADOG,
  metricsOf,
  NEW_RELIC,
  pointsOf,
  PROMETHEUS,
  type Rules,
  type StrictBackend,
  strictBackend,
} from "./otlp/strict-backends.ts";

const SOURCE = "qemu:///system";
const AGENT = { version: "1.2.3", instanceId: "agent", hostName: "kvm7", pid: 7 };
const INTERVAL_S = 50;

function destination(preset: PresetName, endpoint: string): DestinationConfiguration {
  const { identity, temporality, order, maxAgeMs, protocols, ...rest } = PRESETS[preset];
  const http = protocols["http/protobuf"];
  return collectorAt(endpoint, {
    name: preset,
    preset,
    headers: "requiredHeader" in rest ? { [rest.requiredHeader.name]: "key" } : {},
    timeoutMs: 10_000,
    requestLimitBytes: http.requestLimitBytes,
    identity,
    temporality,
    ...("hostAttribute" in rest && { hostAttribute: rest.hostAttribute }),
    queue: { maxBytes: QUEUE_DEFAULTS.maxBytes, maxAgeMs },
    order,
  });
}

function configuration(destinations: readonly DestinationConfiguration[]): Configuration {
  return configurationOf({
    libvirt: [{ uri: SOURCE, timeoutMs: 1000 }],
    intervalMs: INTERVAL_S * 1000,
    destinations,
  });
}

/** Without domains the hypervisor could not be read. */
function exportCycle(
  pipeline: ExportPipeline,
  domains: readonly DomainReading[] | undefined,
  seconds: number,
): void {
  const reading = domains && hypervisorReading(domains, second(seconds - 1));
  pipeline.export({
    outcomes: [{ source: SOURCE, state: "ok", durationS: 0.1, reading, error: undefined }],
    connections: [],
    host: undefined,
    own: {
      at: second(seconds),
      sources: [{ source: SOURCE, state: "ok", durationS: 0.1 }],
      skippedCycles: 0,
      collectionDurations: new Map(),
      libvirtCalls: new Map(),
      unknownFields: [],
      destinations: [],
      cpuUserUs: 1000 * seconds,
      cpuSystemUs: 500 * seconds,
      memoryBytes: 1e8,
    },
  });
}

/** A busy domain with many devices; `steps` is how long it has been counting. */
function fieldsOf(steps: number, disks: number): Fields {
  const fields: Record<string, number> = { "state.state": 1, "cpu.time": 7_654_321_987 * steps };
  for (let vcpu = 0; vcpu < 128; vcpu += 1) fields[`vcpu.${vcpu}.time`] = (1e9 + vcpu) * steps;
  const named: Record<string, string> = {};
  for (let disk = 0; disk < disks; disk += 1) {
    named[`block.${disk}.name`] = `vd${String.fromCharCode(97 + disk)}`;
    for (const [count, time] of [
      ["rd.reqs", "rd.times"],
      ["wr.reqs", "wr.times"],
    ] as const) {
      fields[`block.${disk}.${count}`] = (17 + disk) * steps;
      fields[`block.${disk}.${time}`] = 1_000_003 * steps;
    }
  }
  return { ...fields, ...named };
}

test("over ten minutes with an outage, of VMs that come, go and reboot, no strict backend refuses anything", async () => {
  const rules: readonly (readonly [PresetName, Rules])[] = [
    ["datadog", DATADOG],
    ["newrelic", NEW_RELIC],
    ["prometheus", PROMETHEUS],
  ];
  const backends = await Promise.all(rules.map(([, each]) => strictBackend(each)));
  const destinations = rules.map(([preset], index) => destination(preset, backends[index]?.endpoint ?? ""));
  const { log } = collectLog();
  const pipelines = createPipelines(configuration(destinations), {
    log,
    store: createMemoryStore({ log }),
    agent: AGENT,
  });
  assert.equal(
    pipelines.length,
    3,
    "Datadog's resources, deltas, and cumulative sums with identity on every point",
  );
  for (let cycle = 0; cycle < 12; cycle += 1) {
    const isAway = cycle > 3 && cycle < 8;
    for (const backend of backends) backend.isAway = isAway;
    for (const pipeline of pipelines) exportCycle(pipeline, domainsOf(cycle), cycle * INTERVAL_S);
    // A queue takes a turn of the event loop to write a cycle down.
    await (isAway ? sleep(20) : delivered(pipelines));
  }
  for (const [index, { accepted, refusals }] of backends.entries()) {
    assert.deepEqual(refusals, []);
    assert.ok(accepted.length >= 12, `${rules[index]?.[0]}`);
  }
  assert.ok((backends[0]?.accepted.length ?? 0) > 12, "a cycle is more than one request of 500 kB");
  const hosts = backends[0]?.accepted[0]?.resourceMetrics?.map(
    ({ resource }) => resource.attributes?.find(({ key }) => key === "datadog.host.name")?.value.stringValue,
  );
  assert.equal(hosts?.[0], "kvm7");
  assert.ok(endedPoints(backends[2]) > 0, "staleness points were among what Prometheus took");
  await Promise.all(pipelines.map((pipeline) => pipeline.close(100)));
});

function domainsOf(cycle: number): DomainReading[] {
  const at = second(cycle * INTERVAL_S);
  const numbers = Array.from({ length: 70 }, (_, number) => number);
  return numbers
    .filter((number) => number < 60 || (cycle + number) % 7 > 1)
    .map((number) => {
      const rebooted = number % 10 === 3 && cycle >= 9;
      const life = rebooted ? 2 : 1;
      const disks = number % 5 === 0 && cycle % 6 > 3 ? 3 : 4;
      return domainReading(fieldsOf(rebooted ? cycle - 8 : cycle + 100, disks), at, {
        uuid: `00000000-0000-0000-0000-${String(number).padStart(12, "0")}`,
        name: `web${number}`,
        id: number + 1 + 1000 * life,
        process: {
          pid: number + 1 + 1000 * life,
          startedAtNs: secondNs(rebooted ? 8.5 * INTERVAL_S : -1000),
        },
      });
    });
}

/** Waits until nothing is queued. */
async function delivered(pipelines: readonly ExportPipeline[]): Promise<void> {
  const all = pipelines.flatMap(({ destinations }) => destinations);
  for (let waitedMs = 0; all.some(({ counts }) => counts.queuedPoints > 0); waitedMs += 10) {
    assert.ok(waitedMs < 30_000, all.map(({ counts }) => counts.lastError).join());
    await sleep(10);
  }
  for (const { counts } of all) {
    assert.equal(counts.exportedPoints, counts.handedOverPoints, counts.lastError ?? "");
  }
}

function endedPoints(backend: StrictBackend | undefined): number {
  return (backend?.accepted ?? [])
    .flatMap((request) => Array.from(metricsOf(request)))
    .flatMap(({ metric }) => pointsOf(metric))
    .filter(({ flags }) => flags === 1).length;
}

function memoryStore(): DeltaStore {
  let state: Uint8Array | undefined;
  return { load: () => state, save: (saved) => void (state = Uint8Array.from(saved)) };
}

test("the bytes of a cycle are written over when all destinations have taken it, and not before", () => {
  const taken: (() => void)[] = [];
  const bodies: Uint8Array[] = [];
  const slow = {
    ...keeper([]),
    deliver(requests: readonly ExportRequest[], onTaken: () => void = assert.fail): void {
      taken.push(onTaken);
      bodies.push(...requests.map(({ body }) => body));
    },
  };
  const pipeline = new ExportPipeline(configuration([]), {
    outlets: Array.from({ length: 2 }, () => ({ destination: slow, requestLimitBytes: 2 ** 24 })),
    wishes: { identity: "resource", temporality: "cumulative" },
    agent: AGENT,
    log: collectLog().log,
    deltaStore: undefined,
  });
  const memoryOf = (cycle: number): unknown => {
    bodies.length = 0;
    exportCycle(pipeline, domainsOf(cycle), cycle * INTERVAL_S);
    assert.equal(bodies.length, 2);
    assert.equal(bodies[0]?.buffer, bodies[1]?.buffer);
    return bodies[0]?.buffer;
  };
  const take = (): void => taken.shift()?.();
  memoryOf(0);
  const first = memoryOf(1);
  take();
  take();
  take();
  const second = memoryOf(2);
  assert.notEqual(second, first, "one of two has not taken it");
  take();
  assert.equal(memoryOf(3), first);
  assert.notEqual(memoryOf(4), first, "it is being read");
});

// Between two of the restarts the hypervisor cannot be read.
test("deltas over agent restarts, an outage and a VM's reboot add up to what the counters went", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Number(secondNs(0) / 1_000_000n) });
  const kept: ExportRequest[] = [];
  const deltaStore = memoryStore();
  const start = (): ExportPipeline =>
    new ExportPipeline(configuration([]), {
      outlets: [{ destination: keeper(kept), requestLimitBytes: 20_000 }],
      wishes: { identity: "resource", temporality: "delta" },
      agent: AGENT,
      log: collectLog().log,
      deltaStore,
    });
  let pipeline = start();
  for (let cycle = 0; cycle < 20; cycle += 1) {
    if (cycle === 5 || cycle === 6 || cycle === 9 || cycle === 14) pipeline = start();
    exportCycle(pipeline, cycle === 5 ? undefined : domainsOf(cycle), cycle * INTERVAL_S);
  }
  const timeNs = new Map<string, bigint>();
  for (const request of kept) {
    for (const { instance, metric } of metricsOf(decodeRequest(Buffer.from(request.body)))) {
      if (metric.name !== "libvirt.domain.cpu.time") continue;
      for (const { asDouble = 0 } of pointsOf(metric)) {
        const key = String(instance);
        timeNs.set(key, (timeNs.get(key) ?? 0n) + BigInt(Math.round(asDouble * 1e9)));
      }
    }
  }
  const perStep = 7_654_321_987n;
  const stay = "00000000-0000-0000-0000-000000000001";
  const rebooted = "00000000-0000-0000-0000-000000000003";
  assert.equal(timeNs.get(stay), 19n * perStep);
  // From cycle 0 to 8, and the second life with all of its 11.
  assert.equal(timeNs.get(rebooted), 8n * perStep + 11n * perStep);
});

test("a destination of log records alone gets no metrics", () => {
  const { log } = collectLog();
  const context = { log, store: createMemoryStore({ log }), agent: AGENT };
  const collector = destination("collector", "http://127.0.0.1:1");
  assert.deepEqual(createPipelines(configuration([{ ...collector, signals: ["logs"] }]), context), []);
});

test("who scrapes gets counters that go on, also where all destinations want deltas", async (t) => {
  const { log } = collectLog();
  const store = createMemoryStore({ log });
  t.after(() => store.close());
  const context = { log, store, agent: AGENT };
  const options = configuration([destination("datadog", "http://127.0.0.1:9")]);
  assert.equal(scrapedPipeline(createPipelines(options, context)), undefined);
  const listen = { host: "127.0.0.1", port: 0 };
  const pipelines = createPipelines({ ...options, listen }, context);
  assert.deepEqual(
    pipelines.map(({ destinations }) => destinations.map(({ name }) => name)),
    [["datadog"], []],
  );
  const scraped = scrapedPipeline(pipelines);
  assert.ok(scraped);
  assert.equal(scraped.points, undefined);
  exportCycle(scraped, [domainReading({ "cpu.time": 3e9 }, second(0), { uuid: "u-1" })], 1);
  exportCycle(scraped, [domainReading({ "cpu.time": 5e9 }, second(9), { uuid: "u-1" })], 10);
  assert.deepEqual(cpuTimes(scraped), [5]);
  exportCycle(scraped, [], 20);
  assert.deepEqual(cpuTimes(scraped), []);
  await Promise.all(pipelines.map((pipeline) => pipeline.close(0)));
});

/** What a scrape has of it. */
function cpuTimes({ points = [] }: ExportPipeline): unknown[] {
  return snapshotOf(points)
    .flatMap(({ metrics }) => metrics)
    .filter(({ metric }) => metric.name === "libvirt.domain.cpu.time")
    .flatMap((entry) => entry.points.map((point) => "value" in point && point.value));
}
