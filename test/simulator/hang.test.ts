import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { parseFault } from "../../src/simulator/index.ts";
import { Cursor, RawClient, domainBytes, simulateAndOpen, u32, type RawMessage } from "./raw-client.ts";

const NOWAIT = 1 << 29;
const SHAPE = { vcpus: 1, nics: 1, disks: 1, kvm: false, balloonPeriodS: 10 } as const;

function bulk(domains: readonly Buffer[], groups = 0, flags = NOWAIT): Buffer {
  return Buffer.concat([u32(domains.length), ...domains, u32(groups), u32(flags)]);
}

function control(message: RawMessage): { state: number; ms: number } {
  const cursor = new Cursor(message.payload);
  const state = cursor.int();
  cursor.int();
  return { state, ms: Number(cursor.long()) };
}

test("a hung domain: the first call stays, the second is partial, the rest of the daemon works", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { release: "9.0", shape: SHAPE });
  const [other, hung] = simulator.domains().map(domainBytes);
  assert.ok(other !== undefined && hung !== undefined);
  const full = (await client.statistics(0, [hung], NOWAIT))[0]?.parameters;
  const fault = parseFault("hang:vm-1");
  simulator.addFault(fault);
  assert.equal(control(await client.call(229, Buffer.concat([hung, u32(0)]))).state, 0);

  const stuck = client.send(344, bulk([hung]));
  const partial = (await client.statistics(0, [hung], NOWAIT))[0]?.parameters;
  assert.equal(partial?.length, 28);
  const fields = partial?.map(({ field }) => field);
  assert.deepEqual(
    fields,
    full?.map(({ field }) => field).filter((field) => fields?.includes(field)),
  );
  assert.ok(!fields?.includes("balloon.rss") && !fields?.includes("block.0.rd.reqs"));
  assert.equal((await client.statistics(0, [other], NOWAIT)).length, 1);
  assert.equal((await client.statistics(1 | 16 | 64 | 256, [hung], NOWAIT))[0]?.parameters.length, 12);

  const first = control(await client.call(229, Buffer.concat([hung, u32(0)])));
  await sleep(15);
  const second = control(await client.call(229, Buffer.concat([hung, u32(0)])));
  assert.deepEqual([first.state, second.state], [2, 2]);
  assert.ok(second.ms >= first.ms + 10, `occupied for ${first.ms}, then ${second.ms} ms`);
  for (const procedure of [14, 212]) {
    assert.equal((await client.call(procedure, Buffer.concat([hung, u32(0)]))).status, 0);
  }
  assert.ok(!client.messages.some(({ serial }) => serial === stuck));

  simulator.clearFault(fault);
  const late = await client.until(({ serial }) => serial === stuck);
  assert.equal(new Cursor(late.payload).records()[0]?.parameters.length, full?.length);
  assert.equal(control(await client.call(229, Buffer.concat([hung, u32(0)]))).state, 0);
});

test("without NOWAIT a call waits for whoever is at the domain", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const [hung] = simulator.domains().map(domainBytes);
  assert.ok(hung !== undefined);
  simulator.addFault(parseFault("hang:vm-0"));
  const serials = [client.send(344, bulk([hung])), client.send(344, bulk([hung], 0, 0))];
  await sleep(20);
  assert.ok(!client.messages.some(({ serial }) => serials.includes(serial)));
  simulator.clearFault();
  for (const wanted of serials) await client.until(({ serial }) => serial === wanted);
});

test("a stuck call outlives its client, twenty of them leave only the priority calls", async (t) => {
  const { simulator, client } = await simulateAndOpen(t, { domains: 21 });
  const domains = simulator.domains().map(domainBytes);
  for (const { name } of simulator.domains().slice(0, 20)) simulator.addFault(parseFault(`hang:${name}`));
  for (let began = 0; began < 20; began += 5) {
    const gone = await RawClient.open(simulator.socketPath);
    for (const domain of domains.slice(began, began + 5)) gone.send(344, bulk([domain]));
    while (simulator.stats.calls.CONNECT_GET_ALL_DOMAIN_STATS !== began + 5) await sleep(1);
    gone.socket.destroy();
  }
  const last = domains[20];
  assert.ok(last !== undefined);
  const waiting = client.send(344, bulk([last]));
  assert.equal((await client.call(212, Buffer.concat([last, u32(0)]))).status, 0);
  await sleep(10);
  assert.ok(!client.messages.some(({ serial }) => serial === waiting));
  simulator.clearFault();
  await client.until(({ serial }) => serial === waiting);
});

test("a domain that is destroyed while it is waited for is left out", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const [hung, other] = simulator.domains();
  assert.ok(hung !== undefined && other !== undefined);
  simulator.addFault(parseFault("hang:vm-0"));
  const stuck = client.send(344, bulk([domainBytes(hung), domainBytes(other)]));
  await sleep(5);
  simulator.destroyDomain(hung.uuid);
  simulator.clearFault();
  const reply = await client.until(({ serial }) => serial === stuck);
  assert.deepEqual(
    new Cursor(reply.payload).records().map(({ name }) => name),
    ["vm-1"],
  );
});
