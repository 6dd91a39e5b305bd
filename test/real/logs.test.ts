/** Log records in a real Collector, by gRPC and by HTTP, and its refusal without a pipeline for them. */
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { loadConfiguration } from "../../src/config/load.ts";
import { EventPipeline } from "../../src/event-pipeline.ts";
import { EVENT_ROWS } from "../../src/metrics/definitions/events.ts";
import { eventRecord } from "../../src/metrics/event-rows.ts";
import type { Occurrence } from "../../src/metrics/occurrences.ts";
import { createMemoryStore } from "../../src/otlp/queue/open.ts";
import { SCHEMA_URL } from "../../src/otlp/scope.ts";
import { VERSION } from "../../src/version.ts";
import { collectLog } from "../logged.ts";
import { type Collector, type OtlpKeyValue, startCollector } from "./bed/collector.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { withConfiguration } from "./kvmeter.ts";

after(takeDownOwned);

const UUID = "11111111-2222-3333-4444-555555555555";
const START_NS = 1_800_000_000_000_000_001n;
const TYPES = ["defined", "started", "suspended", "resumed", "crashed", "undefined"];

function lifecycle(type: string, index: number): Occurrence {
  const domain = { uuid: UUID, name: "веб 1", description: undefined };
  const attributes = { "libvirt.domain.id": 7, "libvirt.domain.persistent": true };
  const timeNs = START_NS + BigInt(index);
  return {
    subject: { domain, hypervisor: { hostName: "kvm7", hostId: "abc" } },
    record: eventRecord(EVENT_ROWS.lifecycle, {
      type,
      detail: "tested",
      attributes,
      timeNs,
      observedTimeNs: timeNs + 1000n,
    }),
  };
}

/** Sends one record after the other and waits until the destination has none left. */
async function send(yaml: string): Promise<EventPipeline["destinations"]> {
  const { configuration } = await withConfiguration(yaml, async (file) =>
    loadConfiguration({ file, env: {} }),
  );
  const { log } = collectLog();
  const store = createMemoryStore({ log });
  const pipeline = new EventPipeline(configuration, { log, store });
  for (const [index, type] of TYPES.entries()) pipeline.export([lifecycle(type, index)]);
  await waitFor(async () => pipeline.destinations.every(({ counts }) => counts.queuedPoints === 0), {
    what: "the records to be sent",
  });
  await pipeline.close(1000);
  await store.close();
  return pipeline.destinations;
}

async function logsOf(collector: Collector) {
  return waitFor(
    async () => {
      const resources = (await collector.readExported()).flatMap(({ resourceLogs = [] }) => resourceLogs);
      const count = resources
        .flatMap(({ scopeLogs = [] }) => scopeLogs)
        .reduce((sum, { logRecords = [] }) => sum + logRecords.length, 0);
      return count >= TYPES.length && resources;
    },
    { what: "the collector to have written the records", everyMs: 200 },
  );
}

function plain(pairs: readonly OtlpKeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]),
  );
}

const PROTOCOLS = { grpc: "grpcEndpoint", "http/protobuf": "httpEndpoint" } as const;

for (const protocol of ["grpc", "http/protobuf"] as const) {
  test(
    `${protocol}: log records are in the collector's file as they were sent, in order`,
    { skip: await skipWithout("collector"), timeout: 60_000 },
    async () => {
      const collector = await startCollector();
      const endpoint = `http://${collector[PROTOCOLS[protocol]]}`;
      const [destination] = await send(
        `export: [{ preset: collector, endpoint: "${endpoint}", protocol: ${protocol} }]`,
      );
      assert.equal(destination?.counts.exportedPoints, TYPES.length, destination?.counts.lastError);
      const resources = await logsOf(collector);
      for (const { resource, schemaUrl, scopeLogs = [] } of resources) {
        assert.deepEqual(plain(resource?.attributes), {
          "host.name": "kvm7",
          "host.id": "abc",
          "service.name": "kvmeter",
          "service.instance.id": UUID,
          "libvirt.domain.uuid": UUID,
          "libvirt.domain.name": "веб 1",
        });
        for (const { scope, schemaUrl: scopeSchemaUrl } of scopeLogs) {
          assert.deepEqual(scope, { name: "kvmeter", version: VERSION });
          assert.equal(scopeSchemaUrl ?? schemaUrl, SCHEMA_URL);
        }
      }
      const records = resources.flatMap(({ scopeLogs = [] }) =>
        scopeLogs.flatMap(({ logRecords = [] }) => logRecords),
      );
      assert.deepEqual(
        records.map(({ attributes, ...rest }) => [rest, plain(attributes)]),
        TYPES.map((type, index) => [
          {
            timeUnixNano: String(START_NS + BigInt(index)),
            observedTimeUnixNano: String(START_NS + BigInt(index) + 1000n),
            severityNumber: type === "crashed" ? 17 : 9,
            severityText: type === "crashed" ? "ERROR" : "INFO",
            eventName: "libvirt.domain.lifecycle",
            body: { stringValue: `${type}: tested` },
          },
          {
            "libvirt.event.type": type,
            "libvirt.event.detail": "tested",
            "libvirt.domain.id": "7",
            "libvirt.domain.persistent": true,
          },
        ]),
      );
    },
  );

  test(
    `${protocol}: a collector without a pipeline for logs refuses them, and the message says what to do`,
    { skip: await skipWithout("collector"), timeout: 60_000 },
    async () => {
      const collector = await startCollector({}, withoutLogs);
      const endpoint = `http://${collector[PROTOCOLS[protocol]]}`;
      const [destination] = await send(
        `export: [{ preset: collector, endpoint: "${endpoint}", protocol: ${protocol} }]`,
      );
      assert.equal(destination?.counts.droppedPoints.refused, TYPES.length);
      assert.match(destination.counts.lastError ?? "", /takes no log records here: set signals: \[metrics\]/);
    },
  );
}

/** The example without its pipeline for logs. */
function withoutLogs(example: string): string {
  const changed = example.replace(/\n {4}#[^\n]*\n {4}logs:\n(?: {6}[^\n]*\n)+/, "\n");
  assert.notEqual(changed, example);
  return changed;
}
