/**
 * Five hundred domains that are created and destroyed each second, over the whole way from the socket to the
 * requests: nothing is lost, nothing is kept. KVMETER_CHURN_S says how long; a minute by hand.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { domainOccurrences } from "../../src/metrics/domain-occurrences.ts";
import { recordsByResource } from "../../src/metrics/occurrences.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { encodeLogs } from "../../src/otlp/encode-logs.ts";
import { parseFault } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";
import { liveBytes, REQUEST_LIMIT_BYTES, stagesOf } from "./stages.ts";

const SECONDS = Number(process.env["KVMETER_CHURN_S"] ?? 12);
const PER_SECOND = 500;
const LASTING = 10;

/** Starts and stops that points tell: of domains that are gone, and at last of those that live. */
class Account {
  readonly #gone = new Map<string, number>();
  readonly #living = new Map<string, number>();
  records = 0;

  add(gone: readonly ResourcePoints[], living: readonly ResourcePoints[]): void {
    count(this.#gone, gone);
    this.#living.clear();
    count(this.#living, living);
  }

  total(type: string): number {
    return (this.#gone.get(type) ?? 0) + (this.#living.get(type) ?? 0);
  }
}

function count(into: Map<string, number>, all: readonly ResourcePoints[]): void {
  for (const { metrics } of all) {
    for (const { metric, points } of metrics) {
      if (metric.name !== "libvirt.domain.events") continue;
      for (const point of points) {
        if (!("value" in point)) continue;
        const type = String(point.series.attributes["libvirt.event.type"]);
        into.set(type, (into.get(type) ?? 0) + Number(point.value));
      }
    }
  }
}

test(
  `${PER_SECOND} domains created and destroyed each second: no event is lost, nothing is kept`,
  { timeout: 2 * 60_000 },
  async (t) => {
    const simulator = await simulated(t, { domains: LASTING, shape: { vcpus: 1, disks: 1, nics: 1 } });
    const { read, meter, scope, requests } = stagesOf(t, simulator);
    const account = new Account();
    let withValues = 0;

    async function cycle() {
      const reading = await read();
      const living = meter.update(reading);
      const all = [...meter.gone, ...meter.ended, ...living];
      assert.ok(requests(all).length > 0);
      account.add(meter.gone, living);
      const records = recordsByResource(domainOccurrences(reading), {});
      encodeLogs(records, { scope, limitBytes: REQUEST_LIMIT_BYTES });
      account.records += reading.events?.length ?? 0;
      withValues += (reading.gone ?? []).filter(
        ({ statistics }) => statistics.readAt.cpu !== undefined,
      ).length;
      return reading;
    }

    await cycle();
    const churn = parseFault(`churn:${PER_SECOND}`);
    simulator.addFault(churn);
    const sizes: number[] = [];
    const endMs = performance.now() + SECONDS * 1000;
    while (performance.now() < endMs) {
      await sleep(1000);
      const { domains } = await cycle();
      assert.ok(domains.length > LASTING);
      assert.equal(meter.domainCount, domains.length);
      sizes.push(liveBytes());
    }
    simulator.clearFault(churn);
    for (const { uuid, name } of simulator.domains())
      if (name.startsWith("job-")) simulator.destroyDomain(uuid);
    await sleep(100);
    const { domains, problems } = await cycle();

    assert.deepEqual(problems, []);
    assert.deepEqual(
      domains.map(({ uuid }) => uuid).toSorted(),
      simulator
        .domains()
        .map(({ uuid }) => uuid)
        .toSorted(),
    );
    assert.equal(domains.length, LASTING);
    assert.equal(meter.domainCount, LASTING);
    const { domainsStarted, domainsStopped } = simulator.stats;
    assert.ok(domainsStarted > 0.8 * PER_SECOND * SECONDS, `${domainsStarted} were started`);
    assert.equal(domainsStopped, domainsStarted);
    assert.deepEqual([account.total("started"), account.total("stopped")], [domainsStarted, domainsStopped]);
    assert.equal(account.records, domainsStarted + domainsStopped);
    t.diagnostic(
      `${domainsStarted} domains, ${account.records} events; ${withValues} were gone with values; ` +
        `heap after each cycle: ${sizes.map((bytes) => (bytes / 1e6).toFixed(1)).join(" ")} MB`,
    );
    // Of the first seconds code and tables remain.
    const half = Math.floor(sizes.length / 2);
    const grown = Math.min(...sizes.slice(half)) - Math.min(...sizes.slice(2, half));
    assert.ok(grown < 2_000_000, `${grown} bytes more in the second half`);
  },
);
