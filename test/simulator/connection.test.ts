import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { parseFault, startSimulator } from "../../src/simulator/index.ts";
import {
  KEEPALIVE,
  RawClient,
  domainBytes,
  errorOf,
  frame,
  simulate,
  simulateAndOpen,
  text,
  u32,
} from "./raw-client.ts";

const PING = 1;
const PONG = 2;

/** What a lifecycle event says happened. */
function lifecycleOf(payload: Buffer): number {
  return payload.readInt32BE(payload.length - 8);
}

test("answers pings, before anything else", async (t) => {
  const { socketPath } = await simulate(t);
  const client = await RawClient.connect(socketPath);
  t.after(() => client.socket.destroy());
  client.socket.write(frame({ program: KEEPALIVE, procedure: PING, type: 2 }));
  const { program, procedure, type, serial, payload } = await client.until(() => true);
  assert.deepEqual([program, procedure, type, serial, payload.length], [KEEPALIVE, PONG, 2, 0, 0]);
});

test("pings a silent client that asked for it, and leaves it when it does not answer", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { keepalive: { intervalMs: 10, count: 3 } });
  await sleep(40);
  assert.equal(simulator.stats.pingsSent, 0);
  assert.equal((await client.call(60, u32(10))).payload.readInt32BE(0), 1);
  await client.closed();
  assert.equal(
    client.messages.filter(({ program, procedure }) => program === KEEPALIVE && procedure === PING).length,
    3,
  );
  assert.equal(simulator.stats.pingsSent, 3);
});

test("a client that answers pings stays", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { keepalive: { intervalMs: 10, count: 2 } });
  await client.call(60, u32(10));
  const pong = frame({ program: KEEPALIVE, procedure: PONG, type: 2 });
  client.socket.on("data", () => client.socket.write(pong));
  await sleep(100);
  assert.ok(simulator.stats.pingsSent >= 4);
  assert.equal((await client.call(3)).status, 0);
});

test("with five calls unanswered it reads no more, pings included", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const domains = simulator.domains().slice(0, 5);
  for (const domain of domains) {
    simulator.addFault(parseFault(`hang:${domain.name}`));
    client.send(344, Buffer.concat([u32(1), domainBytes(domain), u32(0), u32(0)]));
  }
  client.socket.write(frame({ program: KEEPALIVE, procedure: PING, type: 2 }));
  const sixth = client.send(3);
  const before = client.messages.length;
  await sleep(20);
  assert.equal(client.messages.length, before);
  simulator.clearFault(parseFault("hang:vm-0"));
  await client.until(({ serial }) => serial === sixth);
  assert.ok(client.messages.some(({ program, procedure }) => program === KEEPALIVE && procedure === PONG));
});

test("a frame byte by byte, and many frames at once", async (t) => {
  const { socketPath } = await simulate(t, { authentication: "none" });
  const client = await RawClient.connect(socketPath);
  t.after(() => client.socket.destroy());
  const open = frame({ procedure: 1, serial: 1 }, Buffer.concat([u32(1), text("qemu:///system"), u32(0)]));
  for (const byte of open) {
    client.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await client.until(({ serial }) => serial === 1);
  client.socket.write(
    Buffer.concat(Array.from({ length: 40 }, (_, index) => frame({ procedure: 3, serial: index + 2 }))),
  );
  await client.until(({ serial }) => serial === 41);
  assert.equal(client.messages.length, 41);
});

test("bytes that are no frame end the connection, and only that one", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  for (const bytes of [Buffer.alloc(64), Buffer.alloc(64, 0xff), u32(27)]) {
    const garbler = await RawClient.connect(simulator.socketPath);
    garbler.socket.write(bytes);
    await garbler.closed();
  }
  assert.equal((await client.call(3)).status, 0);
});

test("a client that leaves in the middle of a call harms nobody", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { faults: [parseFault("delay:GET_TYPE:10ms")] });
  const leaver = await RawClient.open(simulator.socketPath);
  leaver.send(3);
  leaver.socket.destroy();
  await sleep(20);
  assert.equal((await client.call(3)).status, 0);
});

test("a domain that comes and goes", async (t) => {
  const { client } = await simulateAndOpen(t, { churn: { everyS: 0.03, livesS: 0.015 } });
  await client.call(316, Buffer.concat([u32(0), u32(0)]));
  const started = await client.until(({ type, payload }) => type === 2 && lifecycleOf(payload) === 2);
  const [name = ""] = /job-\d+/.exec(started.payload.toString("latin1")) ?? [];
  assert.notEqual(name, "");
  await client.until(
    ({ type, payload }) => type === 2 && lifecycleOf(payload) === 5 && payload.includes(name),
  );
});

test("the domains' XML is there, and that of names that XML must escape", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const awkward = simulator.createDomain({
    name: `R&D's "best" <vm>`,
    shape: { openstack: true, balloonPeriodS: 0 },
  });
  const { payload } = await client.call(14, Buffer.concat([domainBytes(awkward), u32(0)]));
  const xml = payload.toString("utf8", 4);
  assert.ok(xml.includes("<name>R&amp;D&apos;s &quot;best&quot; &lt;vm&gt;</name>"));
  assert.ok(xml.includes(`<uuid>${awkward.uuid}</uuid>`) && xml.includes("<nova:project uuid="));
  assert.ok(!xml.includes("<stats period"));
  const name = Buffer.concat([text(`R&D's "best" <vm>`)]);
  assert.deepEqual((await client.call(23, name)).payload, domainBytes(awkward));
  assert.equal(errorOf(await client.call(23, text("R"))).code, 42);
});

test("takes over the socket of a dead process, and nothing else", async (t) => {
  const simulator = await simulate(t);
  const refused = { name: "KvmeterError", code: "LISTEN", message: /no dead socket/ };
  await assert.rejects(startSimulator({ socketPath: simulator.socketPath }), refused);
  const folder = dirname(simulator.socketPath);
  writeFileSync(`${folder}/file`, "");
  await assert.rejects(startSimulator({ socketPath: `${folder}/file` }), refused);
  await assert.rejects(startSimulator({ socketPath: `${folder}/none/sock` }), { code: "LISTEN" });

  const dead = createServer();
  dead.listen(`${folder}/alive`);
  await once(dead, "listening");
  renameSync(`${folder}/alive`, `${folder}/dead`);
  dead.close();
  await once(dead, "close");
  const heir = await startSimulator({ socketPath: `${folder}/dead`, domains: 1 });
  await heir.stop();
  await simulator.stop();
  assert.deepEqual(readdirSync(folder), ["file"]);
});
