import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { LibvirtStatistics } from "../../src/libvirt/statistics.ts";
import { HypervisorConnector } from "../../src/readings/hypervisor-connector.ts";
import { simulated } from "../simulated.ts";

const never = new AbortController().signal;

function connector(t: TestContext, uri: string, timeoutMs = 2000): HypervisorConnector {
  const made = new HypervisorConnector({ uri, timeoutMs, calls: new LibvirtStatistics() });
  t.after(() => made.close());
  return made;
}

/** A socket that takes connections; what it does with them is up to the test. */
async function listening(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-test-"));
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  const path = join(directory, "libvirt-sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });
  return `qemu+unix:///system?socket=${path}`;
}

async function timed(work: Promise<unknown>): Promise<{ ms: number; code: unknown }> {
  const begunMs = performance.now();
  const code = await work.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code,
  );
  return { ms: performance.now() - begunMs, code };
}

test("the session is made once, and tells who and what the hypervisor is", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const made = connector(t, simulator.uri);
  assert.equal(made.identity, undefined);
  const [session, again] = await Promise.all([made.connected(never), made.connected(never)]);
  assert.equal(session, again);
  assert.equal(simulator.stats.connections, 1);
  assert.equal(made.session, session);
  assert.deepEqual(made.identity, session.identity);
  assert.equal(session.identity.hostName, "simulated-host");
  assert.match(session.facts.libvirtVersion, /^12\.8\.\d+$/);
  assert.equal(session.facts.driver, "QEMU");
  assert.match(session.facts.driverVersion, /^\d+\.\d+\.\d+$/);
  assert.equal(session.facts.architecture, "x86_64");
});

test("a daemon that is not there is tried in every cycle, since that costs nobody anything", async (t) => {
  const made = connector(t, "qemu+unix:///system?socket=/nonexistent/libvirt-sock-ro");
  for (let round = 0; round < 5; round++) {
    const { ms, code } = await timed(made.connected(never));
    assert.equal(code, "LIBVIRT_SOCKET_MISSING");
    assert.ok(ms < 500);
  }
  assert.equal(made.identity?.hostName, hostname());
});

test("after a restart of the daemon the first cycle has a session again", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const made = connector(t, simulator.uri);
  const first = await made.connected(never);
  const away = simulator.restart(150);
  await first.lanes.main.closed;
  assert.equal(made.session, undefined);
  const { code } = await timed(made.connected(never));
  assert.match(String(code), /^LIBVIRT_SOCKET_/);
  await away;
  const second = await made.connected(never);
  assert.notEqual(second, first);
  assert.equal(second.identity.hostName, first.identity.hostName);
});

test("one that hangs up on us is tried less and less often, and the cycles in between fail at once", async (t) => {
  let connections = 0;
  const uri = await listening(t, (socket) => {
    connections += 1;
    socket.destroy();
  });
  const made = connector(t, uri);
  for (let round = 0; round < 20; round++) {
    const { code } = await timed(made.connected(never));
    assert.equal(code, "LIBVIRT_DISCONNECTED");
  }
  assert.equal(connections, 1);
});

test("one that lets us in and says nothing holds up the first cycle only", async (t) => {
  let connections = 0;
  const uri = await listening(t, () => (connections += 1));
  const made = connector(t, uri, 400);
  const first = await timed(made.connected(never));
  assert.equal(first.code, "LIBVIRT_DEADLINE");
  assert.ok(first.ms >= 300 && first.ms < 1500, `${first.ms} ms`);
  for (let round = 0; round < 10; round++) {
    const { ms, code } = await timed(made.connected(never));
    assert.equal(code, "LIBVIRT_DEADLINE");
    assert.ok(ms < 250 + 200, `${ms} ms`);
  }
  assert.equal(connections, 1);
});

test("closing gives up an attempt that is under way", async (t) => {
  const uri = await listening(t, () => undefined);
  const made = connector(t, uri, 60_000);
  const waiting = timed(made.connected(never));
  const { ms } = await timed(new Promise((resolve) => setTimeout(resolve, 50)).then(() => made.close()));
  assert.ok(ms < 2000);
  assert.equal((await waiting).code, "LIBVIRT_DISCONNECTED");
});

test("a cycle that is over does not wait for the attempt, and the next one has its outcome", async (t) => {
  const simulator = await simulated(t, { domains: 1, faults: [{ kind: "delay", ms: 30 }] });
  const made = connector(t, simulator.uri);
  const over = AbortSignal.abort(new Error("over"));
  await assert.rejects(made.connected(over), /over/);
  await made.connected(never);
  assert.equal(simulator.stats.connections, 1);
});
