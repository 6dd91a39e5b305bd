import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { runAgent } from "../src/agent.ts";
import { collectOnce } from "../src/collect-once.ts";
import type { Configuration } from "../src/config/configuration.ts";
import { type ReceivedResource, startReceiver } from "../src/receiver/receiver.ts";
import { collectorAt, configurationOf } from "./configuration.ts";
import { parseExposition } from "./local-endpoint/parse-exposition.ts";
import { collectLog } from "./logged.ts";
import { NO_HOST } from "./no-host.ts";
import { simulated } from "./simulated.ts";

const INTERVAL_MS = 200;
const NOWHERE = "qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro";

function configuration(uris: readonly string[], endpoint?: string): Configuration {
  return configurationOf({
    libvirt: uris.map((uri) => ({ uri, timeoutMs: 2000 })),
    intervalMs: INTERVAL_MS,
    destinations: endpoint === undefined ? [] : [collectorAt(endpoint)],
    resourceAttributes: { "deployment.environment.name": "test" },
  });
}

/** A backend that keeps what it receives. */
async function backend(t: TestContext): Promise<{ endpoint: string; received: ReceivedResource[] }> {
  const received: ReceivedResource[] = [];
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    onMetrics: (resources) => void received.push(...resources),
  });
  t.after(() => receiver.close());
  return { endpoint: receiver.endpoint, received };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await condition()); waitedMs += 10) {
    assert.ok(waitedMs < 10_000, "it did not happen within ten seconds");
    await sleep(10);
  }
}

function pointsOf(received: readonly ReceivedResource[], uuid: string, metric: string) {
  return received
    .filter(({ attributes }) => attributes["libvirt.domain.uuid"] === uuid)
    .flatMap(({ metrics }) => metrics.filter(({ name }) => name === metric).flatMap(({ points }) => points));
}

test("what the hypervisor has arrives at the backend, cycle after cycle, until the stop", async (t) => {
  const simulator = await simulated(t, { domains: 3 });
  const { endpoint, received } = await backend(t);
  const { log } = collectLog();
  const stop = new AbortController();
  const running = runAgent(configuration([simulator.uri], endpoint), { log, signal: stop.signal });
  const [busy] = simulator.domains();
  assert.ok(busy);
  await until(() => pointsOf(received, busy.uuid, "libvirt.domain.cpu.time").length >= 3);
  stop.abort();
  await running;

  const values = pointsOf(received, busy.uuid, "libvirt.domain.cpu.time").map(({ value }) => Number(value));
  assert.ok(
    (values.at(-1) ?? 0) > (values[0] ?? 0),
    `the busy domain's CPU time stands still: ${values.join(", ")}`,
  );
  const uuids = new Set(received.map(({ attributes }) => attributes["libvirt.domain.uuid"]));
  for (const { uuid } of simulator.domains()) assert.ok(uuids.has(uuid), `${uuid} did not arrive`);
  for (const { attributes } of received) {
    assert.equal(attributes["service.name"], "kvmeter");
    assert.equal(attributes["deployment.environment.name"], "test");
  }
  const own = received.filter(({ attributes }) => attributes["process.pid"] !== undefined);
  const states = own.flatMap(({ metrics }) => metrics.filter(({ name }) => name === "kvmeter.source.status"));
  const ok = states
    .flatMap(({ points }) => points)
    .filter(({ attributes }) => attributes["kvmeter.source.state"] === "ok");
  const wellRead = ok.filter(({ value }) => Number(value) === 1);
  assert.ok(wellRead.length >= 3, `${wellRead.length} of ${ok.length} cycles went well`);
});

test("a first read that takes longer than the interval is no reason to give up", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  simulator.addFault({ kind: "delay", procedure: "DOMAIN_GET_XML_DESC", ms: 2 * INTERVAL_MS });
  const { endpoint, received } = await backend(t);
  const { log, lines } = collectLog();
  const stop = new AbortController();
  const running = runAgent(configuration([simulator.uri], endpoint), { log, signal: stop.signal });
  const [slow] = simulator.domains();
  assert.ok(slow);
  await until(() => pointsOf(received, slow.uuid, "libvirt.domain.status").length > 0);
  assert.ok(lines.some(({ fields }) => /within 160 ms/.test(String(fields["problem"]))));
  stop.abort();
  await running;
});

test("a domain that is destroyed has no more points, and its new namesake is somebody else", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const { endpoint, received } = await backend(t);
  const stop = new AbortController();
  const running = runAgent(configuration([simulator.uri], endpoint), {
    ...collectLog(),
    signal: stop.signal,
  });
  const brief = simulator.createDomain({ name: "brief" });
  await until(() => pointsOf(received, brief.uuid, "libvirt.domain.status").length > 0);
  simulator.destroyDomain(brief.uuid);
  const namesake = simulator.createDomain({ name: "brief" });
  await until(() => pointsOf(received, namesake.uuid, "libvirt.domain.status").length > 0);
  received.length = 0;
  await until(() => pointsOf(received, namesake.uuid, "libvirt.domain.status").length > 8);
  assert.equal(pointsOf(received, brief.uuid, "libvirt.domain.status").length, 0);
  stop.abort();
  await running;
});

test("a backend that is away does not hold up the cycles, and is told of once", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const { log, lines } = collectLog();
  const stop = new AbortController();
  const running = runAgent(configuration([simulator.uri], "http://127.0.0.1:9/v1/metrics"), {
    log,
    signal: stop.signal,
  });
  await until(() => (simulator.stats.calls["CONNECT_GET_ALL_DOMAIN_STATS"] ?? 0) >= 5);
  stop.abort();
  await running;
  assert.equal(lines.filter(({ fields }) => fields["destination"] === "collector").length, 1);
});

test("when no hypervisor can be read at the start, that is the end, and it says why", async () => {
  const { log, lines } = collectLog();
  const running = runAgent(configuration([NOWHERE, NOWHERE]), { log, signal: new AbortController().signal });
  await assert.rejects(running, { code: "LIBVIRT_SOCKET_MISSING" });
  assert.deepEqual(lines, [], "the error is the one line");
});

test("one hypervisor that cannot be read is a log line, and the other is read", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const { endpoint, received } = await backend(t);
  const { log, lines } = collectLog();
  const stop = new AbortController();
  // So long that no busy machine makes the one that is missing a late one.
  const options = { ...configuration([NOWHERE, simulator.uri], endpoint), intervalMs: 1000 };
  const running = runAgent(options, { log, signal: stop.signal });
  const [domain] = simulator.domains();
  await until(() => pointsOf(received, domain?.uuid ?? "", "libvirt.domain.status").length > 8);
  stop.abort();
  await running;
  const told = lines.filter(({ level, fields }) => level === "warn" || fields["source"] === NOWHERE);
  assert.deepEqual(
    told.map(({ level, message, fields }) => [level, message, fields["source"]]),
    [["warn", "source has a problem", NOWHERE]],
  );
  assert.match(String(told[0]?.fields["problem"]), /no socket at \/nonexistent/);
});

test("a hypervisor that is only late at the start is waited for when no other is there", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  simulator.addFault({ kind: "delay", procedure: "DOMAIN_GET_XML_DESC", ms: 2 * INTERVAL_MS });
  const { endpoint, received } = await backend(t);
  const stop = new AbortController();
  const running = runAgent(configuration([NOWHERE, simulator.uri], endpoint), {
    ...collectLog(),
    signal: stop.signal,
  });
  const [slow] = simulator.domains();
  const arrived = until(() => pointsOf(received, slow?.uuid ?? "", "libvirt.domain.status").length > 0);
  await Promise.race([arrived, running]);
  stop.abort();
  await Promise.all([arrived, running]);
});

test("one cycle alone has what is derived from a change too", async (t) => {
  const simulator = await simulated(t, { domains: 2 });
  const { log } = collectLog();
  const resources = await collectOnce(configuration([simulator.uri]), {
    log,
    signal: new AbortController().signal,
  });
  assert.equal(resources.length, 2);
  const names = new Set(resources.flatMap(({ metrics }) => metrics.map(({ metric }) => metric.name)));
  assert.ok(names.has("libvirt.domain.cpu.utilization"));
});

test("one cycle has the host's shares of CPU time however seldom the agent is to read them", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const readers = { stat: { enabled: true, intervalMs: 60_000 } };
  const options = { ...configuration([simulator.uri]), host: { ...NO_HOST, enabled: true, readers } };
  const resources = await collectOnce(options, { ...collectLog(), signal: new AbortController().signal });
  const names = resources.flatMap(({ metrics }) => metrics.map(({ metric }) => metric.name));
  assert.ok(names.includes("system.cpu.utilization"));
});

test("one cycle of a hypervisor that is not there is an error", async () => {
  await assert.rejects(
    collectOnce(configuration([NOWHERE]), { ...collectLog(), signal: new AbortController().signal }),
    { code: "LIBVIRT_SOCKET_MISSING" },
  );
});

test("the local endpoint tells of the last cycle, and when the agent is ready", async (t) => {
  const simulator = await simulated(t, { domains: 2 });
  const { endpoint, received } = await backend(t);
  const { log, lines } = collectLog();
  const stop = new AbortController();
  const options = { ...configuration([simulator.uri], endpoint), listen: { host: "127.0.0.1", port: 0 } };
  const running = runAgent(options, { log, signal: stop.signal });
  await until(() => received.length > 0);
  const url = String(lines.find(({ message }) => message === "local endpoint is open")?.fields["url"]);
  await until(async () => (await fetch(`${url}/readyz`)).status === 200);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const samples = parseExposition(await (await fetch(`${url}/metrics`)).text());
  for (const { uuid, name } of simulator.domains()) {
    const status = samples.filter(
      ({ name, labels }) => name === "libvirt_domain_status" && labels["libvirt_domain_uuid"] === uuid,
    );
    assert.ok(status.length > 1);
    for (const { labels } of status) assert.equal(labels["libvirt_domain_name"], name);
  }
  assert.ok(samples.some(({ name }) => name === "kvmeter_source_status"));
  const environment = samples.filter(({ labels }) => labels["deployment_environment_name"] === "test");
  assert.deepEqual([...new Set(environment.map(({ name }) => name))], ["target_info"]);
  stop.abort();
  await running;
  await assert.rejects(fetch(url));
});

test("an address that is taken ends the start", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const { endpoint } = await backend(t);
  const listen = { host: "127.0.0.1", port: Number(new URL(endpoint).port) };
  const context = { ...collectLog(), signal: new AbortController().signal };
  await assert.rejects(runAgent({ ...configuration([simulator.uri], endpoint), listen }, context), {
    code: "LISTEN",
    exitCode: 1,
  });
});

test("the last line of the log sums up", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const { endpoint, received } = await backend(t);
  const { log, lines } = collectLog();
  const stop = new AbortController();
  const running = runAgent(configuration([simulator.uri], endpoint), { log, signal: stop.signal });
  await until(() => received.length > 4);
  stop.abort();
  await running;
  const last = lines.at(-1);
  assert.equal(last?.message, "stopped");
  assert.equal(last.level, "info");
  const { cycles, skippedCycles, uptimeS, destinations } = last.fields;
  assert.ok(Number(cycles) >= 2);
  assert.equal(typeof skippedCycles, "number");
  assert.equal(typeof uptimeS, "number");
  const exportedPoints = received
    .flatMap(({ metrics }) => metrics.map(({ points }) => points.length))
    .reduce((sum, points) => sum + points, 0);
  assert.deepEqual(destinations, { collector: { exportedPoints, queuedPoints: 0, droppedPoints: {} } });
});

test("what never started is not summed up", async () => {
  const { log, lines } = collectLog();
  const context = { log, signal: new AbortController().signal };
  await assert.rejects(runAgent(configuration([NOWHERE]), context));
  assert.deepEqual(
    lines.filter(({ message }) => message === "stopped"),
    [],
  );
});
