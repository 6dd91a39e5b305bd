import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { parseFault } from "../../src/simulator/index.ts";
import { Cursor, RawClient, domainBytes, errorOf, simulateAndOpen, u32 } from "./raw-client.ts";

const GET_TYPE = 3;

test("cut: half of the reply's frame, then the end", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  simulator.addFault(parseFault("cut:GET_TYPE"));
  client.send(GET_TYPE);
  await client.closed();
  assert.equal(client.rest.readUInt32BE(0), 36);
  assert.equal(client.rest.length, 18);
});

test("garbage: as many bytes as the reply has, and none of them its length", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  simulator.addFault(parseFault("garbage:GET_TYPE"));
  client.send(GET_TYPE);
  while (client.rest.length < 36) await sleep(2);
  assert.equal(client.rest.length, 36);
  assert.ok(client.rest.readUInt32BE(0) > 33_554_436);
});

test("oversize: a length that no message may have, and the reply behind it", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  simulator.addFault(parseFault("oversize:GET_TYPE"));
  client.send(GET_TYPE);
  while (client.rest.length < 36) await sleep(2);
  assert.equal(client.rest.readUInt32BE(0), 0x7fff_fff0);
  assert.equal(client.rest.toString("latin1", 32), "QEMU");
});

test("malformed: a whole frame whose payload counts more than there is", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  simulator.addFault(parseFault("malformed:GET_TYPE*1"));
  assert.equal((await client.call(GET_TYPE)).payload.readUInt32BE(0), 0xffff_ffff);
  assert.equal(new Cursor((await client.call(GET_TYPE)).payload).text(), "QEMU");
});

test("error: the number that was asked for, until it is cleared", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const fault = parseFault("error:GET_TYPE:38");
  simulator.addFault(fault);
  assert.equal(errorOf(await client.call(GET_TYPE)).code, 38);
  assert.equal((await client.call(59)).status, 0);
  simulator.clearFault(parseFault("error:GET_TYPE:38"));
  assert.equal((await client.call(GET_TYPE)).status, 0);
});

test("delay: of a call, and replies overtake each other", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { faults: [parseFault("delay:GET_TYPE:60ms")] });
  const beganMs = performance.now();
  const slow = client.send(GET_TYPE);
  const quick = client.send(59);
  await client.until(({ serial }) => serial === quick);
  await client.until(({ serial }) => serial === slow);
  assert.ok(performance.now() - beganMs >= 55);
  assert.deepEqual(
    client.messages.slice(-2).map(({ serial }) => serial),
    [quick, slow],
  );
  simulator.clearFault();
});

test("delay of a domain: its statistics and its XML take longer, and it is occupied meanwhile", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { faults: [parseFault("delay:vm-1:60ms")] });
  const [other, slow] = simulator.domains();
  assert.ok(other !== undefined && slow !== undefined);
  const beganMs = performance.now();
  const statistics = client.statistics(0, [domainBytes(slow)]);
  const control = await client.call(229, Buffer.concat([domainBytes(slow), u32(0)]));
  assert.equal(control.payload.readUInt32BE(0), 2);
  assert.equal((await client.statistics(0, [domainBytes(other)])).length, 1);
  assert.equal((await statistics).length, 1);
  assert.ok(performance.now() - beganMs >= 55);
  const xmlBeganMs = performance.now();
  await client.call(14, Buffer.concat([domainBytes(slow), u32(0)]));
  assert.ok(performance.now() - xmlBeganMs >= 55);
});

test("restart: connections end, the socket goes away and comes back, the domains live on", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const before = simulator.domains();
  const restarted = simulator.restart(30);
  await client.closed();
  assert.equal(existsSync(simulator.socketPath), false);
  await restarted;
  const again = await RawClient.open(simulator.socketPath);
  t.after(() => again.socket.destroy());
  const { payload } = await again.call(273, Buffer.concat([u32(1), u32(0)]));
  assert.equal(new Cursor(payload).int(), before.length);
  assert.deepEqual(simulator.domains(), before);
});

test("restart as a fault comes back at its interval, until it is cleared", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { faults: [parseFault("restart:150ms:5ms")] });
  await client.closed();
  const connectionsBefore = simulator.stats.connections;
  await sleep(40);
  const second = await RawClient.open(simulator.socketPath);
  await second.closed();
  simulator.clearFault();
  await sleep(40);
  const third = await RawClient.open(simulator.socketPath);
  t.after(() => third.socket.destroy());
  await sleep(200);
  assert.equal((await third.call(GET_TYPE)).status, 0);
  assert.equal(simulator.stats.connections, connectionsBefore + 2);
});

test("a restart during a restart is the same one, and stopping ends it", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const restarted = Promise.all([simulator.restart(60_000), simulator.restart(60_000)]);
  await client.closed();
  await simulator.stop();
  await restarted;
  assert.equal(existsSync(simulator.socketPath), false);
});
