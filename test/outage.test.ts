import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { runAgent } from "../src/agent.ts";
import { type ReceivedResource, startReceiver } from "../src/receiver/receiver.ts";
import { collectorAt, configurationOf } from "./configuration.ts";
import { collectLog } from "./logged.ts";
import { simulated } from "./simulated.ts";

/** An agent that runs until the returned function is called, and what a backend has received from it. */
async function running(t: TestContext, uris: readonly string[], intervalMs: number) {
  const received: ReceivedResource[] = [];
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    onMetrics: (resources) => void received.push(...resources),
  });
  t.after(() => receiver.close());
  const stop = new AbortController();
  const { log, lines } = collectLog();
  const configuration = configurationOf({
    libvirt: uris.map((uri) => ({ uri, timeoutMs: 5000 })),
    intervalMs,
    destinations: [collectorAt(receiver.endpoint)],
  });
  const agent = runAgent(configuration, { log, signal: stop.signal });
  const end = async (): Promise<void> => {
    stop.abort();
    await agent;
  };
  // Also where an assertion ends the test before it does.
  t.after(end);
  return { received, lines, stop: end };
}

function points(received: readonly ReceivedResource[], metric: string, host?: string) {
  return received
    .filter(({ attributes }) => host === undefined || attributes["host.name"] === host)
    .flatMap(({ metrics }) => metrics.filter(({ name }) => name === metric).flatMap(({ points }) => points));
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 10_000, "it did not happen within ten seconds");
    await sleep(10);
  }
}

test("while libvirt is away that is said and nothing else; after it the counters go on", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const { received, lines, stop } = await running(t, [simulator.uri], 200);
  const cpu = () => points(received, "libvirt.domain.cpu.time");
  const disconnected = () =>
    points(received, "libvirt.connection.status").filter(
      ({ attributes, value }) =>
        attributes["libvirt.connection.state"] === "disconnected" && Number(value) === 1,
    );
  await until(() => cpu().length >= 3);
  assert.equal(disconnected().length, 0);
  const linesBefore = lines.length;
  const away = simulator.restart(1500);
  await until(() => disconnected().length >= 2);
  const count = cpu().length;
  await until(() => disconnected().length >= 5);
  assert.equal(cpu().length, count, "nothing was made up");
  await away;
  await until(() => cpu().length >= count + 3);
  await stop();

  const all = cpu();
  assert.equal(new Set(all.map(({ startTimeNs }) => startTimeNs)).size, 1, "a false reset");
  assert.equal(new Set(all.map(({ timeNs }) => timeNs)).size, all.length, "a time twice");
  const values = all.map(({ value }) => Number(value));
  assert.deepEqual(
    values,
    values.toSorted((a, b) => a - b),
  );
  assert.ok(values.every((value) => value > 0));
  const told = lines
    .slice(linesBefore)
    .map(({ message, fields: { problem } }) => (typeof problem === "string" ? problem : message));
  const problems = told.filter((line) => line.startsWith("Cannot"));
  assert.ok(problems.length > 0);
  assert.deepEqual(problems, [...new Set(problems)], "a problem is told once, however long it lasts");
  assert.equal(told.filter((line) => line === "source recovered").length, 1);
  assert.ok(
    told.lastIndexOf("source recovered") > told.lastIndexOf(problems.at(-1) ?? ""),
    "in the end it is well",
  );
});

test("a hypervisor that swallows what it is told does not change the cycles of the others", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-test-"));
  const sockets: Socket[] = [];
  const hole = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => hole.listen(join(directory, "hole"), resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    hole.close();
    await rm(directory, { recursive: true, force: true });
  });
  const [one, two] = [await simulated(t, { domains: 2 }), await simulated(t, { domains: 2 })];
  const hollow = `qemu+unix:///system?socket=${join(directory, "hole")}`;
  const intervalMs = 500;
  const { received, stop } = await running(t, [hollow, one.uri, two.uri], intervalMs);
  const state = (uri: string) =>
    points(received, "libvirt.connection.status").filter(
      ({ attributes, value }) =>
        attributes["libvirt.uri"] === uri &&
        attributes["libvirt.connection.state"] === "connected" &&
        Number(value) === 1,
    );
  // The first cycle gives everybody the time to answer.
  await until(() => state(one.uri).length >= 2);
  const begunMs = performance.now();
  const before = state(one.uri).length;
  await sleep(3000);
  const cycles = state(one.uri).length - before;
  const expected = Math.floor((performance.now() - begunMs) / intervalMs);
  assert.ok(cycles >= expected - 1, `${cycles} cycles of ${expected}`);
  assert.ok(Math.abs(state(two.uri).length - state(one.uri).length) <= 1);
  assert.equal(state(hollow).length, 0);
  await stop();
});
