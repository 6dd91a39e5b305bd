/** The agent against real daemons, a real Collector by gRPC and by HTTP, and VictoriaMetrics. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { catalogue } from "../../src/metrics/catalogue.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import type { JsonResource } from "../../src/metrics/json.ts";
import { compare } from "../domstats/compare.ts";
import { type Collector, startCollector } from "./bed/collector.ts";
import { bootGuests, destroyDomain, pausedDomains, type TestDomain, waitUntilBooted } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "./bed/victoriametrics.ts";
import {
  assertSameSamples,
  cyclesByDomain,
  expectedSamples,
  resourcesOf,
  storedSamples,
  timeMs,
} from "./exported.ts";
import { type Ended, readOnlyUri, startKvmeter, withConfiguration } from "./kvmeter.ts";
import { virshDomains } from "./sandwich.ts";

after(takeDownOwned);

const INTERVAL_MS = 1000;

interface Backends {
  readonly grpc: Collector;
  readonly http: Collector;
  readonly victoria: VictoriaMetrics;
}

function configuration(daemons: readonly Libvirtd[], { grpc, http, victoria }: Backends): string {
  return `
libvirt:
${daemons.map((daemon) => `  - uri: ${readOnlyUri(daemon)}`).join("\n")}
interval: ${INTERVAL_MS}ms
metrics: { enable: ["*"] }
statistics: { slow_interval: 1s }
resource_attributes: { deployment.environment.name: bed }
export:
  - { preset: collector, endpoint: "http://${grpc.grpcEndpoint}", compression: gzip }
  - { preset: collector, endpoint: "http://${http.httpEndpoint}", protocol: http/protobuf, compression: gzip }
  - { preset: victoriametrics, endpoint: "${victoria.url}", compression: gzip }
`;
}

const newest = (resources: readonly JsonResource[]) => Math.max(...resources.map(timeMs));

/** A collector writes its file at least as often. */
const FILE_FLUSH_MS = 1000;

/** Everything that the three have, after the agent's end: when the collectors have nothing more to write down. */
async function arrived({ grpc, http, victoria }: Backends) {
  let written = 0;
  const [byGrpc, byHttp] = await waitFor(
    async () => {
      const both = await Promise.all([grpc, http].map(async (one) => resourcesOf(await one.readExported())));
      const [a = [], b = []] = both;
      const writtenBefore = written;
      written = a.length + b.length;
      const isAll = written > 0 && written === writtenBefore;
      return isAll && a.length === b.length && newest(a) === newest(b) && ([a, b] as const);
    },
    { what: "the collectors to have the same cycles", everyMs: 1.5 * FILE_FLUSH_MS },
  );
  await victoria.flush();
  await sleep(1100);
  await victoria.flush();
  return { byGrpc, byHttp, stored: await victoria.export('{"libvirt.domain.uuid"!=""}') };
}

const sorted = (resources: readonly JsonResource[]) =>
  resources.map((resource) => JSON.stringify(resource)).toSorted();

function assertAsCatalogued(batches: Awaited<ReturnType<Collector["readExported"]>>): void {
  const entries = new Map(catalogue().map((entry) => [entry.name, entry]));
  const seen = new Set<string>();
  for (const { resource, schemaUrl, scopeMetrics = [] } of batches.flatMap(
    (batch) => batch.resourceMetrics ?? [],
  )) {
    const keys = resource?.attributes?.map(({ key }) => key) ?? [];
    for (const key of ["service.name", "service.instance.id", "host.name", "deployment.environment.name"])
      assert.ok(keys.includes(key), key);
    for (const { scope, metrics = [], schemaUrl: scopeSchemaUrl } of scopeMetrics) {
      assert.equal(scope?.name, "kvmeter");
      assert.match(scopeSchemaUrl ?? schemaUrl ?? "", /^https:\/\/opentelemetry\.io\/schemas\//);
      for (const { name, unit, description, sum, histogram } of metrics) {
        seen.add(name);
        assert.equal(unit, entries.get(name)?.unit, name);
        assert.equal(description, entries.get(name)?.description);
        const temporality = (sum ?? histogram)?.aggregationTemporality;
        if (sum !== undefined || histogram !== undefined) assert.equal(temporality, 2, "cumulative");
      }
    }
  }
  for (const { name, kind } of resourcesOf(batches).flatMap(({ metrics }) =>
    Object.entries(metrics).map(([name, { kind }]) => ({ name, kind })),
  ))
    assert.equal(kind, entries.get(name)?.kind, name);
  const wanted = ["libvirt.domain.cpu.utilization", "libvirt.domain.disk.operation.duration"];
  for (const name of [...wanted, "kvmeter.source.status", "process.memory.usage"])
    assert.ok(seen.has(name), name);
}

interface Run {
  readonly destroyedAtMs: number;
  readonly steady: readonly {
    readonly beforeMs: number;
    readonly afterMs: number;
    readonly before: Awaited<ReturnType<typeof virshDomains>>;
    readonly after: Awaited<ReturnType<typeof virshDomains>>;
  }[];
  readonly stoppedAtMs: number;
  readonly ended: Ended;
}

/** Some cycles with virsh before and after, then one domain is destroyed, some more cycles, then SIGTERM. */
async function runAgent(file: string, daemons: readonly Libvirtd[], victim: TestDomain): Promise<Run> {
  const agent = startKvmeter(["run", "-c", file]);
  await sleep(3000);
  const steady = [];
  for (const daemon of daemons) {
    const before = await virshDomains(daemon);
    const beforeMs = Date.now();
    await sleep(3.5 * INTERVAL_MS);
    const afterMs = Date.now();
    steady.push({ beforeMs, afterMs, before, after: await virshDomains(daemon) });
  }
  const [daemon] = daemons;
  assert.ok(daemon);
  await destroyDomain(daemon, victim);
  const destroyedAtMs = Date.now();
  await sleep(4.5 * INTERVAL_MS);
  const stoppedAtMs = Date.now();
  return { destroyedAtMs, steady, stoppedAtMs, ended: await agent.stop() };
}

test(
  "the agent's metrics in a collector and in VictoriaMetrics",
  {
    skip: await skipWithout("libvirtd", "newer-libvirtd", "guests", "collector", "victoriametrics"),
    timeout: 180_000,
  },
  async (t) => {
    const daemons = [await startHostLibvirtd(), await startNewerLibvirtd()] as const;
    const [host, newer] = daemons;
    const paused = [
      ...(await pausedDomains(host, 1, { disks: 1, nics: 1, vcpus: 2 })),
      ...(await pausedDomains(newer, 1, { disks: 12, nics: 12, vcpus: 16 })),
    ];
    const [victim] = await pausedDomains(host, 1, { disks: 1, nics: 1, vcpus: 1 });
    const guests = await bootGuests(newer, 1);
    await waitUntilBooted(newer, guests);
    assert.ok(victim);
    const [grpc, http] = [await startCollector(), await startCollector()];
    const backends: Backends = { grpc, http, victoria: await startVictoriaMetrics() };
    const { steady, destroyedAtMs, stoppedAtMs, ended } = await withConfiguration(
      configuration(daemons, backends),
      (file) => runAgent(file, daemons, victim),
    );
    const { byGrpc, byHttp, stored } = await arrived(backends);
    const cycles = cyclesByDomain(byGrpc);

    await t.test("SIGTERM ends it in order, in time, and nothing is lost", () => {
      assert.equal(ended.code, 0, ended.stderr);
      assert.ok(ended.durationMs < 5000, `${ended.durationMs} ms`);
      const lines = ended.stderr.trim().split("\n").filter(Boolean);
      const complaints = lines.filter((line) => (JSON.parse(line) as { level: unknown }).level !== "info");
      assert.deepEqual(complaints, []);
      for (const domain of [...paused, ...guests]) {
        const times = cycles.get(domain.uuid)?.map(timeMs) ?? [];
        assert.ok(times.length >= 10, `${domain.name}: ${times.length} cycles`);
        assert.ok(stoppedAtMs - Number(times.at(-1)) < 1.5 * INTERVAL_MS, "the last cycle is there");
        const gaps = times.slice(1).map((time, index) => time - Number(times[index]));
        // The second cycle waits for the agent's own place within the interval.
        const [first = Number.NaN, ...others] = gaps;
        assert.ok(
          first < 2.2 * INTERVAL_MS && others.every((gap) => gap < 1.7 * INTERVAL_MS),
          `gaps of ${gaps.join(", ")} ms`,
        );
      }
    });
    await t.test("gRPC and HTTP bring the same", () => {
      assert.deepEqual(sorted(byHttp), sorted(byGrpc));
    });
    await t.test("VictoriaMetrics has the same values at the same times", () => {
      const domains = byGrpc.filter(({ resource }) => resource["libvirt.domain.uuid"] !== undefined);
      assertSameSamples(expectedSamples(domains), storedSamples(stored));
    });
    await t.test("the values are virsh's", () => {
      let compared = 0;
      for (const { before, after, beforeMs, afterMs } of steady) {
        for (const all of cycles.values()) {
          const name = String(all[0]?.resource["libvirt.domain.name"]);
          const [first, last] = [before.get(name), after.get(name)];
          if (first === undefined || last === undefined) continue;
          for (const cycle of all.filter((one) => beforeMs < timeMs(one) && timeMs(one) < afterMs)) {
            const options = { rows: DOMAIN_ROWS, gaugesAreFree: name.startsWith("guest") };
            assert.deepEqual(compare(cycle, { before: first, after: last, ...options }), [], name);
            compared += 1;
          }
        }
      }
      assert.ok(compared >= 8, `${compared} cycles`);
    });
    await t.test("kinds, units and resources are the catalogue's", async () => {
      assertAsCatalogued(await grpc.readExported());
    });
    await t.test("a destroyed domain has no new points", async () => {
      const times = cycles.get(victim.uuid)?.map(timeMs) ?? [];
      assert.ok(times.length > 3);
      assert.ok(times.filter((time) => time > destroyedAtMs).length <= 2, "in the collector");
      const series = stored.filter(({ metric }) => metric["libvirt.domain.uuid"] === victim.uuid);
      const late = new Set(
        series.flatMap(({ timestamps }) => timestamps.filter((time) => time > destroyedAtMs)),
      );
      assert.ok(series.length > 20 && late.size <= 2, "in VictoriaMetrics");
    });
  },
);
