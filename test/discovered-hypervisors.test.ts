import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { systemClock } from "../src/clock.ts";
import { createHypervisorSource, type ReadableHypervisor } from "../src/discovered-hypervisors.ts";
import type { HypervisorReading } from "../src/readings/domain.ts";
import { type Simulator, startSimulator } from "../src/simulator/index.ts";

const never = new AbortController().signal;
const CYCLE_MS = 2000;

/** A folder in which each pod has one, as a kubelet has them. */
interface Node {
  readonly source: ReadableHypervisor;
  readonly socketOf: (pod: string) => Promise<string>;
  /** A daemon with one domain, named as its pod. */
  readonly start: (pod: string) => Promise<Simulator>;
}

async function nodeWithPods(t: TestContext): Promise<Node> {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-pods-"));
  const groups = new Set(["state", "cpu"] as const);
  const pace = { cycleMs: CYCLE_MS, slowIntervalMs: 120_000, intervalsMs: {}, stretchAboveMs: CYCLE_MS };
  const source = createHypervisorSource({
    uri: `qemu+unix:///system?socket=${folder}/*/libvirt-runtime/virtqemud-sock`,
    timeoutMs: 5000,
    groups,
    pace,
    wanted: () => true,
    clock: systemClock,
  });
  const simulators: Simulator[] = [];
  t.after(async () => {
    await source.close();
    await Promise.all(simulators.map((simulator) => simulator.stop()));
    await rm(folder, { recursive: true, force: true });
  });
  const socketOf = async (pod: string): Promise<string> => {
    await mkdir(join(folder, pod, "libvirt-runtime"), { recursive: true });
    return join(folder, pod, "libvirt-runtime/virtqemud-sock");
  };
  return {
    source,
    socketOf,
    start: async (pod) => {
      const seed = simulators.length + 1;
      const simulator = await startSimulator({ socketPath: await socketOf(pod), domains: 0, seed });
      simulators.push(simulator);
      simulator.createDomain({ name: pod });
      return simulator;
    },
  };
}

function namesOf({ domains }: Pick<HypervisorReading, "domains">): string[] {
  return domains.map(({ name }) => name).toSorted();
}

test("the domains of all daemons are those of this machine, whoever comes and goes", async (t) => {
  const { source, socketOf, start } = await nodeWithPods(t);
  await socketOf("no-vm");
  assert.deepEqual(namesOf(await source.read(never)), []);
  assert.equal(source.connection?.connected, true);

  const first = await start("a");
  await start("b");
  const reading = await source.read(never);
  assert.deepEqual(namesOf(reading), ["a", "b"]);
  assert.deepEqual(reading.problems, []);
  assert.equal(reading.identity.hostName, hostname());
  assert.equal(source.connection.identity.hostName, hostname());
  assert.equal(source.connection.facts?.driver, "QEMU");
  for (const { statistics } of reading.domains) assert.ok(statistics.readAt.cpu);

  await first.stop();
  await start("c");
  const later = await source.read(never);
  assert.deepEqual(namesOf(later), ["b", "c"]);
  assert.deepEqual(later.problems, []);
});

test("the last that happened is told of a domain whose daemon went with it", async (t) => {
  const { source, start } = await nodeWithPods(t);
  const simulator = await start("a");
  await source.read(never);
  const [domain] = simulator.domains();
  assert.ok(domain);
  simulator.destroyDomain(domain.uuid);
  // The event is on its way before the daemon goes.
  await new Promise((done) => setTimeout(done, 100));
  await simulator.stop();
  const { domains, gone = [], events = [] } = await source.read(never);
  assert.deepEqual(domains, []);
  assert.deepEqual(
    events.map(({ event }) => [event.type, event.domain.name]),
    [["stopped", "a"]],
  );
  assert.deepEqual(
    gone.map(({ uuid }) => uuid),
    [domain.uuid],
  );
  assert.deepEqual((await source.read(never)).events, []);
});

test("a stop during a reading leaves what happened to farewell(), though another daemon is slow", async (t) => {
  const { source, start } = await nodeWithPods(t);
  const [quick, slow] = [await start("a"), await start("b")];
  await source.read(never);
  const [domain] = quick.domains();
  assert.ok(domain);
  slow.addFault({ kind: "delay", ms: 600 });
  quick.destroyDomain(domain.uuid);
  await new Promise((done) => setTimeout(done, 100));
  const stop = new AbortController();
  const reading = source.read(stop.signal);
  await new Promise((done) => setTimeout(done, 300));
  stop.abort();
  await assert.rejects(reading, { name: "AbortError" });
  const told = source.farewell().events.map(({ event }) => [event.type, event.domain.name]);
  assert.deepEqual(told, [["stopped", "a"]]);
});

test("a socket without a daemon is a domain that is gone, and no problem", async (t) => {
  const { source, socketOf, start } = await nodeWithPods(t);
  await start("a");
  const path = await socketOf("completed");
  const server = createServer().listen(`${path}.new`);
  await new Promise((done) => server.once("listening", done));
  await rename(`${path}.new`, path);
  await new Promise((done) => server.close(done));
  const reading = await source.read(never);
  assert.deepEqual(namesOf(reading), ["a"]);
  assert.deepEqual(reading.problems, []);
});

test("a daemon that hangs costs its own domains' values, and does not end them", async (t) => {
  const { source, start } = await nodeWithPods(t);
  const [sick] = [await start("a"), await start("b")];
  assert.deepEqual(namesOf(await source.read(never)), ["a", "b"]);
  sick.addFault({ kind: "delay", ms: 60_000 });
  const begun = performance.now();
  const reading = await source.read(never);
  assert.ok(performance.now() - begun < 0.8 * CYCLE_MS, "it is in time for the agent's cycle");
  assert.deepEqual(namesOf(reading), ["a", "b"]);
  const read = new Map(reading.domains.map(({ name, statistics }) => [name, statistics.readAt.state]));
  assert.equal(read.get("a"), undefined);
  assert.ok(read.get("b"));
  assert.equal(reading.problems.length, 1);
});

test("a daemon that is still starting is no problem, nor is it waited for", async (t) => {
  const { source, start } = await nodeWithPods(t);
  await start("a");
  const slow = await start("b");
  slow.addFault({ kind: "delay", ms: 300 });
  const reading = await source.read(never);
  assert.deepEqual(namesOf(reading), ["a"]);
  assert.deepEqual(reading.problems, []);
  slow.clearFault();
  let names: string[] = [];
  for (let reads = 0; reads < 10 && names.length < 2; reads += 1) names = namesOf(await source.read(never));
  assert.deepEqual(names, ["a", "b"]);
});

test("where not one can be read, there is no reading", async (t) => {
  const { source, socketOf } = await nodeWithPods(t);
  const silent = createServer((socket) => socket.destroy()).listen(await socketOf("a"));
  await new Promise((done) => silent.once("listening", done));
  t.after(() => silent.close());
  await assert.rejects(source.read(never), { code: "LIBVIRT_DISCONNECTED" });
  assert.equal(source.connection?.connected, false);
});

test("of a domain that two daemons have, the one that runs counts", async (t) => {
  const { source, start } = await nodeWithPods(t);
  const [old, anew] = [await start("a"), await start("b")];
  const uuid = "4a92c712-0000-4000-8000-000000000001";
  old.createDomain({ name: "same", uuid, state: "shutoff" });
  anew.createDomain({ name: "same", uuid });
  const { domains } = await source.read(never);
  const same = domains.filter((domain) => domain.uuid === uuid);
  assert.equal(same.length, 1);
  assert.ok((same[0]?.id ?? -1) >= 0);
});

test("a folder that is not there is a mistake", async (t) => {
  const uri = "qemu+unix:///session?socket=/nonexistent/*/virtqemud-sock";
  const groups = new Set<never>();
  const source = createHypervisorSource({
    uri,
    timeoutMs: 1000,
    groups,
    wanted: () => true,
    clock: systemClock,
  });
  t.after(() => source.close());
  await assert.rejects(source.read(never), {
    code: "LIBVIRT_SOCKET_MISSING",
    message:
      /^Cannot look for libvirt's sockets at \/nonexistent\/\*\/virtqemud-sock: ENOENT.*; mend the path$/,
  });
});
