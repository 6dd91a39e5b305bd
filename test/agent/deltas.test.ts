/** Deltas of the whole agent against the counters that they are of, over everything that can come between. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { decodeRequest, type ProtoPoint } from "../otlp/official-proto.ts";
import { drain, listen } from "../otlp/servers.ts";
import { pointsOf } from "../otlp/strict-backends.ts";
import { simulated } from "../simulated.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** A value of a counter or of a delta; seconds are counted in nanoseconds, so that no digit is lost. */
interface Told {
  readonly timeNs: bigint;
  readonly startNs: bigint;
  readonly amount: bigint;
}

/** What a backend was told of each series, and what it is like just now. */
interface Book {
  readonly endpoint: string;
  readonly series: Map<string, Told[]>;
  requests: number;
  refuses: boolean;
}

async function startBook(): Promise<Book> {
  const book: Book = { endpoint: "", series: new Map(), requests: 0, refuses: false };
  const server = createServer((request, response) => {
    drain(request, (body) => {
      book.requests += 1;
      if (book.refuses) {
        response.writeHead(503).end();
        return;
      }
      writeDown(body, book);
      response.end();
    });
  });
  return Object.assign(book, { endpoint: await listen(server) });
}

function writeDown(body: Buffer, { series }: Book): void {
  for (const { resource, scopeMetrics } of decodeRequest(body).resourceMetrics ?? []) {
    const uuid = resource.attributes?.find(({ key }) => key === "libvirt.domain.uuid")?.value.stringValue;
    if (uuid === undefined) continue;
    for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      if (metric.histogram === undefined && metric.sum?.isMonotonic !== true) continue;
      for (const point of pointsOf(metric).filter(({ flags = 0 }) => flags === 0)) {
        const key = `${uuid} ${metric.name} ${JSON.stringify(point.attributes ?? [])}`;
        const told = series.get(key) ?? [];
        told.push(toldBy(point));
        series.set(key, told);
      }
    }
  }
}

function toldBy({ timeUnixNano, startTimeUnixNano = "0", asInt, asDouble = 0, count }: ProtoPoint): Told {
  const amount = asInt ?? count ?? Math.round(asDouble * 1e9);
  return { timeNs: BigInt(timeUnixNano), startNs: BigInt(startTimeUnixNano), amount: BigInt(amount) };
}

/** How far a counter has gone from where it was: one that begins anew adds what it has. */
function advanceOf(told: readonly Told[], from: bigint): bigint {
  let last = from;
  let advance = 0n;
  for (const { amount } of told) {
    advance += amount < last ? amount : amount - last;
    last = amount;
  }
  return advance;
}

/** In the order of time. What is sent a second time after a kill is the same point. */
function distinct(told: readonly Told[] = []): Told[] {
  const points = [...new Map(told.map((each) => [each.timeNs, each])).values()];
  return points.toSorted((a, b) => Number(a.timeNs - b.timeNs));
}

const sumOf = (told: readonly Told[]): bigint => told.reduce((sum, { amount }) => sum + amount, 0n);

/** Runs an agent until so much has been asked of a backend, and ends it. */
async function live(
  t: TestContext,
  { configuration, until, end }: { configuration: string; until: () => boolean; end: "SIGTERM" | "SIGKILL" },
): Promise<void> {
  const agent = spawn(process.execPath, [MAIN, "run", "-c", configuration], { stdio: "ignore" });
  t.after(() => agent.kill("SIGKILL"));
  const closed = once(agent, "close");
  for (let waitedMs = 0; !until(); waitedMs += 20) {
    assert.ok(waitedMs < 20_000 && agent.exitCode === null, "the agent does not come to it");
    await sleep(20);
  }
  agent.kill(end);
  await closed;
}

/** True when the backend has been asked so many times more. */
function more(book: Book, requests: number): () => boolean {
  const enough = book.requests + requests;
  return () => book.requests >= enough;
}

test("deltas over restarts, kills, failed exports and a VM's reboot add up to the counters, to the digit", async (t) => {
  const simulator = await simulated(t, { domains: 0 });
  const shape = { timedDisks: true, vcpus: 2, disks: 2 };
  const stays = simulator.createDomain({ name: "stays", uptimeS: 86_400, shape });
  const reboots = simulator.createDomain({ name: "reboots", uptimeS: 86_400, shape });
  const [cumulative, delta] = [await startBook(), await startBook()];
  const directory = mkdtempSync(join(tmpdir(), "kvmeter-deltas-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const configuration = join(directory, "kvmeter.yaml");
  const common = `protocol: http/protobuf, compression: none`;
  writeFileSync(
    configuration,
    `
libvirt: [{ uri: "${simulator.uri}" }]
interval: 100ms
metrics: { enable: ["libvirt.domain.*"] }
state_directory: state
export:
  - { preset: collector, signals: [metrics], endpoint: "${cumulative.endpoint}", ${common} }
  - { preset: collector, signals: [metrics], endpoint: "${delta.endpoint}", ${common}, temporality: delta }
`,
  );
  const fiveMore = more(cumulative, 5);
  const hasBoth = () =>
    [stays, reboots].every(({ uuid }) => cumulative.series.has(`${uuid} libvirt.domain.cpu.time []`));
  await live(t, { configuration, until: () => fiveMore() && hasBoth(), end: "SIGTERM" });
  const known = new Set(cumulative.series.keys());
  delta.refuses = true;
  await live(t, { configuration, until: more(cumulative, 5), end: "SIGTERM" });
  await live(t, { configuration, until: more(cumulative, 5), end: "SIGKILL" });
  // While the agent is away one reboots; the other time it sees it happen.
  simulator.destroyDomain(reboots.uuid);
  simulator.createDomain({ name: "reboots", uuid: reboots.uuid, shape });
  await live(t, { configuration, until: more(cumulative, 5), end: "SIGKILL" });
  delta.refuses = false;
  const halfway = more(cumulative, 5);
  let hasRebooted = false;
  const enough = more(cumulative, 15);
  const until = (): boolean => {
    if (halfway() && !hasRebooted) {
      hasRebooted = true;
      simulator.destroyDomain(reboots.uuid);
      simulator.createDomain({ name: "reboots", uuid: reboots.uuid, shape });
    }
    return enough();
  };
  await live(t, { configuration, until, end: "SIGTERM" });

  let compared = 0;
  let begunAnew = 0;
  for (const [key, told] of cumulative.series) {
    const points = distinct(told);
    const amounts = points.map(({ amount }) => amount);
    // A device that came with the reboot began at nothing; of all others the first value tells where they were.
    const from = known.has(key) ? (amounts[0] ?? 0n) : 0n;
    const sum = sumOf(distinct(delta.series.get(key)));
    assert.equal(sum, advanceOf(points, from), key);
    if (sum > 0n) compared += 1;
    if (amounts.some((amount, index) => amount < (amounts[index - 1] ?? 0n))) begunAnew += 1;
  }
  assert.ok(compared > 40, `${compared} counters moved`);
  assert.ok(begunAnew > 10, `${begunAnew} counters began anew`);
  assert.deepEqual(new Set([...delta.series.keys()].filter((key) => !cumulative.series.has(key))), new Set());
});
