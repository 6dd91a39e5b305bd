import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import type { Configuration } from "../src/config/configuration.ts";
import { loadConfiguration } from "../src/config/load.ts";
import { EventPipeline } from "../src/event-pipeline.ts";
import { EVENT_ROWS } from "../src/metrics/definitions/events.ts";
import { eventRecord } from "../src/metrics/event-rows.ts";
import type { Occurrence } from "../src/metrics/occurrences.ts";
import { createMemoryStore } from "../src/otlp/queue/open.ts";
import { type ReceivedLogs, startReceiver } from "../src/receiver/receiver.ts";
import { collectLog } from "./logged.ts";
import { domainReading, HYPERVISOR, second, secondNs } from "./metrics/readings.ts";
import { until } from "./otlp/sender.ts";

function lifecycle(name: string, type: string, seconds: number): Occurrence {
  const uuid = `00000000-0000-0000-0000-${name.padStart(12, "0")}`;
  const domain = domainReading({}, second(0), { uuid, name });
  return {
    subject: { domain, hypervisor: HYPERVISOR },
    record: eventRecord(EVENT_ROWS.lifecycle, { type, observedTimeNs: secondNs(seconds) }),
  };
}

async function backend(t: TestContext, protocol: "grpc" | "http/protobuf") {
  const received: ReceivedLogs[] = [];
  const receiver = await startReceiver({
    protocol,
    onMetrics: () => assert.fail("metrics where only log records were sent"),
    onLogs: (resources) => void received.push(...resources),
  });
  t.after(() => receiver.close());
  return { endpoint: receiver.endpoint, received };
}

function pipelineOf(t: TestContext, destinations: Configuration["destinations"]): EventPipeline {
  const { log } = collectLog();
  const store = createMemoryStore({ log });
  const { configuration } = loadConfiguration({ env: {} });
  const pipeline = new EventPipeline({ ...configuration, destinations }, { log, store });
  t.after(async () => {
    await pipeline.close(0);
    await store.close();
  });
  return pipeline;
}

function fromEnvironment(env: Readonly<Record<string, string>>): Configuration["destinations"] {
  return loadConfiguration({ env }).configuration.destinations;
}

for (const protocol of ["http/protobuf", "grpc"] as const) {
  test(`${protocol}: what happened arrives in order, under its domain's resource, and is counted`, async (t) => {
    const { endpoint, received } = await backend(t, protocol);
    const general = endpoint.replace("/v1/metrics", "");
    const pipeline = pipelineOf(
      t,
      fromEnvironment({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_ENDPOINT: general }),
    );
    const types = ["defined", "started", "suspended", "resumed", "crashed", "undefined"];
    for (const [index, type] of types.entries()) {
      pipeline.export([lifecycle("1", type, index), lifecycle("2", type, index)]);
    }
    const [destination, ...others] = pipeline.destinations;
    assert.ok(destination);
    assert.deepEqual([destination.name, destination.signal, others], ["collector/logs", "logs", []]);
    await until(() => destination.counts.queuedPoints === 0);
    assert.equal(destination.counts.exportedPoints, 2 * types.length, destination.counts.lastError);
    for (const name of ["1", "2"]) {
      const records = received
        .filter(({ attributes }) => attributes["libvirt.domain.name"] === name)
        .flatMap((one) => one.records);
      assert.deepEqual(
        records.map(({ attributes }) => attributes["libvirt.event.type"]),
        types,
      );
      assert.deepEqual(
        records.map(({ severityText }) => severityText),
        ["INFO", "INFO", "INFO", "INFO", "ERROR", "INFO"],
      );
    }
    assert.equal(received[0]?.attributes["host.name"], HYPERVISOR.hostName);
    assert.equal(received[0].attributes["service.name"], "kvmeter");
  });
}

test("each destination gets what it wants, and one that is away holds up none", async (t) => {
  const { endpoint, received } = await backend(t, "http/protobuf");
  const [collector] = fromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.replace("/v1/metrics", "") });
  assert.ok(collector?.logs);
  const pipeline = pipelineOf(t, [
    { ...collector, name: "away", logs: { ...collector.logs, endpoint: "http://127.0.0.1:1/v1/logs" } },
    { ...collector, identity: "attributes", hostAttribute: "datadog.host.name" },
    { ...collector, name: "metrics", signals: ["metrics"], logs: undefined },
  ]);
  pipeline.export([lifecycle("1", "started", 1)]);
  const [away, other, ...more] = pipeline.destinations;
  assert.deepEqual([away?.name, other?.name, more], ["away/logs", "collector/logs", []]);
  await until(() => other?.counts.queuedPoints === 0 && away?.counts.lastError !== undefined);
  assert.equal(away?.counts.queuedPoints, 1);
  assert.equal(received[0]?.attributes["datadog.host.name"], HYPERVISOR.hostName);
  assert.equal(received[0].records[0]?.attributes["libvirt.domain.name"], "1");
});

test("nothing happened, nothing is sent", (t) => {
  const pipeline = pipelineOf(t, fromEnvironment({}));
  pipeline.export([]);
  assert.equal(pipeline.destinations[0]?.counts.handedOverPoints, 0);
});
