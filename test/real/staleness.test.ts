/** What a real VictoriaMetrics makes of the points that end a series. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { domainReading, type Fields, hypervisorReading } from "../metrics/readings.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { startVictoriaMetrics } from "./bed/victoriametrics.ts";

after(takeDownOwned);

const SECOND_MS = 1000;

/** One histogram of disk vda: its series in VictoriaMetrics are a count and a bucket for each bound. */
const BINS = "block.0.latency_histogram.zone_append.bin";
const HISTOGRAM: Fields = {
  "block.0.name": "vda",
  [`${BINS}.count`]: 2,
  [`${BINS}.0.start`]: 0,
  [`${BINS}.0.value`]: 5,
  [`${BINS}.1.start`]: 10_000,
  [`${BINS}.1.value`]: 7,
};

test(
  "VictoriaMetrics shows nothing of a domain that has gone, and all of one that stays",
  { skip: await skipWithout("victoriametrics"), timeout: 60_000 },
  async () => {
    const victoria = await startVictoriaMetrics();
    const send = async (points: readonly ResourcePoints[]): Promise<void> => {
      const { bytes } = encodeCycle(points, kvmeterScope("1.0.0"));
      const headers = { "content-type": "application/x-protobuf" };
      const response = await fetch(victoria.otlpMetricsUrl, {
        method: "POST",
        headers,
        body: Uint8Array.from(bytes),
      });
      assert.equal(response.status, 200, await response.text());
    };
    const shown = async (): Promise<string[]> => {
      await victoria.flush();
      const found = await victoria.query('{__name__="libvirt.domain.cpu.time"}');
      return found.map(({ metric }) => metric["libvirt.domain.name"] ?? "").toSorted();
    };
    const meter = new DomainMeter();
    const startMs = Date.now() - 20 * SECOND_MS;
    const read = (names: readonly string[], atMs: number): ResourcePoints[] => {
      const at = { wallNs: BigInt(atMs) * 1_000_000n, monotonicMs: atMs };
      const domains = names.map((name) =>
        domainReading({ "cpu.time": atMs, ...HISTOGRAM }, at, {
          uuid: `uuid-${name}`,
          name,
          process: undefined,
        }),
      );
      return meter.update(hypervisorReading(domains, at));
    };
    await send(read(["goes", "stays"], startMs));
    await send(read(["goes", "stays"], startMs + 10 * SECOND_MS));
    for (let triesLeft = 20; (await shown()).length < 2 && triesLeft > 0; triesLeft -= 1) await sleep(500);
    assert.deepEqual(await shown(), ["goes", "stays"]);

    const living = read(["stays"], startMs + 18 * SECOND_MS);
    await send([...meter.ended, ...living]);
    for (let triesLeft = 20; (await shown()).length > 1 && triesLeft > 0; triesLeft -= 1) await sleep(500);
    assert.deepEqual(await shown(), ["stays"]);
    const stored = await victoria.export('{"libvirt.domain.name"="goes"}');
    const last = stored.map(({ metric, values }) => [metric["__name__"], metric["le"], values.at(-1)]);
    assert.deepEqual(
      last.filter(([, , value]) => value !== null),
      [],
    );
    assert.ok(last.some(([name]) => name === "libvirt.domain.disk.operation.duration_bucket"));
    await victoria.stop();
  },
);
