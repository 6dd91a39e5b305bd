import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Cursor,
  RawClient,
  domainBytes,
  errorOf,
  frame,
  simulate,
  simulateAndOpen,
  text,
  u32,
} from "./raw-client.ts";

const OPEN = Buffer.concat([u32(1), text("qemu:///system"), u32(1)]);

test("a call before authentication is refused, AUTH_LIST lets root in", async (t) => {
  const { socketPath } = await simulate(t);
  const client = await RawClient.connect(socketPath);
  t.after(() => client.socket.destroy());
  const early = await client.call(1, OPEN);
  assert.equal(early.status, 1);
  assert.deepEqual(errorOf(early), { code: 39, domain: 7, message: "authentication required" });
  const list = await client.call(66);
  assert.equal(list.payload.toString("hex"), "0000000100000000");
  assert.equal((await client.call(1, OPEN)).status, 0);
});

test("polkit wants its own call", async (t) => {
  const { socketPath } = await simulate(t, { authentication: "polkit" });
  const client = await RawClient.connect(socketPath);
  t.after(() => client.socket.destroy());
  assert.equal((await client.call(66)).payload.toString("hex"), "0000000100000002");
  assert.equal(errorOf(await client.call(1, OPEN)).code, 39);
  assert.equal((await client.call(70)).payload.toString("hex"), "00000001");
  assert.equal((await client.call(1, OPEN)).status, 0);
  assert.equal(errorOf(await client.call(70)).code, 45);
});

test("without authentication OPEN may come first; FEATURE may come before it", async (t) => {
  const { socketPath } = await simulate(t, { authentication: "none" });
  const client = await RawClient.connect(socketPath);
  t.after(() => client.socket.destroy());
  assert.equal((await client.call(60, u32(14))).payload.readInt32BE(0), 1);
  assert.equal((await client.call(60, u32(99))).payload.readInt32BE(0), 0);
  assert.deepEqual(errorOf(await client.call(3)), {
    code: 1,
    domain: 7,
    message: "internal error: hypervisor connection not open",
  });
  assert.equal((await client.call(1, OPEN)).status, 0);
});

test("OPEN refuses no URI and an unknown driver; a second one breaks the connection", async (t) => {
  const { socketPath } = await simulate(t, { authentication: "none" });
  const client = await RawClient.connect(socketPath);
  t.after(() => client.socket.destroy());
  assert.equal(errorOf(await client.call(1, Buffer.concat([u32(0), u32(1)]))).code, 1);
  const unknown = Buffer.concat([u32(1), text("nope:///system"), u32(1)]);
  assert.equal(errorOf(await client.call(1, unknown)).code, 5);
  assert.equal((await client.call(1, OPEN)).status, 0);
  assert.equal(errorOf(await client.call(1, OPEN)).message, "internal error: connection already open");
  assert.equal(errorOf(await client.call(3)).code, 1);
});

test("tells of the connection and its host", async (t) => {
  const { client } = await simulateAndOpen(t);
  assert.equal(new Cursor((await client.call(3)).payload).text(), "QEMU");
  assert.equal(new Cursor((await client.call(4)).payload).long(), 11_001_000n);
  assert.equal(new Cursor((await client.call(157)).payload).long(), 12_008_000n);
  assert.equal(new Cursor((await client.call(59)).payload).text(), "simulated-host");
  assert.equal(new Cursor((await client.call(110)).payload).text(), "qemu:///system");
  const { payload } = await client.call(6);
  assert.equal(payload.length, 32 * 4 + 8 + 6 * 4);
  const cursor = new Cursor(payload);
  const model = Array.from({ length: 32 }, () => cursor.int());
  assert.equal(String.fromCodePoint(...model.slice(0, 7)), "x86_64\0");
  const memoryKiB = cursor.long();
  const [cpus, , nodes = 0, sockets = 0, cores = 0, threads = 0] = Array.from({ length: 6 }, () =>
    cursor.int(),
  );
  assert.ok(memoryKiB >= 67_108_864n);
  assert.equal(cpus, nodes * sockets * cores * threads);
});

test("CLOSE is answered, then the connection ends", async (t) => {
  const { client } = await simulateAndOpen(t);
  assert.equal((await client.call(2)).status, 0);
  await client.closed();
});

test("lists domains by their state", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  simulator.createDomain({ name: "off", state: "shutoff" });
  const names = async (need: number, flags: number): Promise<string[]> => {
    const cursor = new Cursor((await client.call(273, Buffer.concat([u32(need), u32(flags)]))).payload);
    const listed = Array.from({ length: cursor.int() }, () => {
      const name = cursor.text();
      cursor.uuid();
      return `${name} ${cursor.int()}`;
    });
    const count = cursor.int();
    assert.equal(count, need === 0 ? count : listed.length);
    assert.equal(cursor.left, 0);
    return need === 0 ? [`${count}`] : listed;
  };
  const active = ["vm-0 1", "vm-1 2", "vm-2 3", "vm-3 4", "vm-4 5", "vm-5 6"];
  assert.deepEqual(await names(1, 0), [...active, "off -1"]);
  assert.deepEqual(await names(1, 3), [...active, "off -1"]);
  assert.deepEqual(await names(1, 1), active);
  assert.deepEqual(await names(1, 2), ["off -1"]);
  assert.deepEqual(await names(1, 32), ["vm-2 3"]);
  assert.deepEqual(await names(1, 64 | 32), ["vm-2 3", "off -1"]);
  assert.deepEqual(await names(1, 128), []);
  assert.deepEqual(await names(0, 1), ["6"]);
  assert.equal(errorOf(await client.call(273, Buffer.concat([u32(1), u32(1 << 30)]))).code, 8);
});

test("tells the state of a domain and that nobody is at it", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const off = simulator.createDomain({ name: "off", state: "shutoff" });
  const [running, , paused] = simulator.domains();
  assert.ok(running !== undefined && paused !== undefined);
  const ask = async (procedure: number, domain: typeof off): Promise<string> =>
    (await client.call(procedure, Buffer.concat([domainBytes(domain), u32(0)]))).payload.toString("hex");
  assert.equal(await ask(212, running), "0000000100000001");
  assert.equal(await ask(212, paused), "0000000300000001");
  assert.equal(await ask(212, off), "0000000500000000");
  assert.equal(await ask(229, running), "00000000".repeat(4));
  assert.equal(errorOf(await client.call(229, Buffer.concat([domainBytes(off), u32(0)]))).code, 55);
});

test("finds a domain by id, name and uuid", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const domain = simulator.domains()[3];
  assert.ok(domain !== undefined);
  const uuid = Buffer.from(domain.uuid.replaceAll("-", ""), "hex");
  for (const [procedure, payload] of [
    [22, u32(4)],
    [23, text("vm-3")],
    [24, uuid],
  ] as const) {
    assert.deepEqual((await client.call(procedure, payload)).payload, domainBytes(domain));
  }
  for (const [procedure, payload] of [
    [22, u32(99)],
    [23, text("vm-99")],
    [24, Buffer.alloc(16)],
  ] as const) {
    assert.equal(errorOf(await client.call(procedure, payload)).code, 42);
  }
});

test("a domain that is not there is error 42, and is left out of bulk statistics", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const nobody = domainBytes({ name: "nobody", uuid: "07070707-0707-0707-0707-070707070707", id: -1 });
  for (const procedure of [14, 212, 229]) {
    const reply = await client.call(procedure, Buffer.concat([nobody, u32(0)]));
    assert.equal(reply.status, 1);
    assert.deepEqual(errorOf(reply), {
      code: 42,
      domain: 10,
      message:
        "Domain not found: no domain with matching uuid '07070707-0707-0707-0707-070707070707' (nobody)",
    });
  }
  const domain = simulator.domains()[1];
  assert.ok(domain !== undefined);
  const records = await client.statistics(1, [nobody, domainBytes(domain)]);
  assert.deepEqual(
    records.map(({ name }) => name),
    ["vm-1"],
  );
});

test("an error's payload is a whole remote_error", async (t) => {
  const { client } = await simulateAndOpen(t);
  const { payload } = await client.call(9999);
  const cursor = new Cursor(payload);
  assert.deepEqual(
    [cursor.int(), cursor.int(), cursor.optionalText(), cursor.int()],
    [39, 7, "unknown procedure: 9999", 2],
  );
  assert.equal(cursor.int(), 0);
  assert.deepEqual(
    [cursor.optionalText(), cursor.optionalText(), cursor.optionalText()],
    ["%1$s", "unknown procedure: 9999", undefined],
  );
  assert.deepEqual([cursor.int(), cursor.int(), cursor.int(), cursor.left], [-1, -1, 0, 0]);
});

test("bulk statistics: groups, filters, flags", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  simulator.createDomain({ name: "off", state: "shutoff" });
  const groupsIn = async (mask: number): Promise<string[]> => {
    const [record] = await client.statistics(mask, [], 1);
    return [...new Set(record?.parameters.map(({ field }) => field.split(".")[0] ?? ""))];
  };
  assert.deepEqual(await groupsIn(1), ["state"]);
  assert.deepEqual(await groupsIn(2 | 16), ["cpu", "net"]);
  assert.deepEqual(await groupsIn(0), ["state", "cpu", "balloon", "vcpu", "net", "block", "dirtyrate", "vm"]);
  assert.deepEqual(await groupsIn(64 | 256 | (1 << 19)), []);
  assert.deepEqual(
    (await client.statistics(1, [], 2)).map(({ name }) => name),
    ["off"],
  );
  assert.equal((await client.statistics(1)).length, 7);
  assert.equal(errorOf(await client.call(344, Buffer.concat([u32(0), u32(1 << 19), u32(1 << 31)]))).code, 74);
  assert.equal(errorOf(await client.call(344, Buffer.concat([u32(0), u32(1), u32(1 << 20)]))).code, 8);
});

test("a call that cannot be decoded is error 39, what follows it is ignored", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const short = await client.call(14, u32(3));
  assert.deepEqual(errorOf(short), { code: 39, domain: 7, message: "Unable to decode message payload" });
  const [domain] = simulator.domains();
  assert.ok(domain !== undefined);
  assert.equal((await client.call(212, Buffer.concat([domainBytes(domain), u32(0), u32(9)]))).status, 0);
  assert.equal(errorOf(await client.call(344, Buffer.concat([u32(0xffff_ffff), u32(0), u32(0)]))).code, 39);
});

test("another program is unknown; a message that no client sends ends the connection", async (t) => {
  const { client } = await simulateAndOpen(t);
  client.socket.write(frame({ program: 0x1234, procedure: 1, serial: 77 }));
  const reply = await client.until(({ serial }) => serial === 77);
  assert.deepEqual(errorOf(reply), { code: 39, domain: 7, message: "Cannot find program 4660 version 1" });
  client.socket.write(frame({ procedure: 1, type: 1, serial: 78 }));
  await client.closed();
});

test("lifecycle events reach whoever registered, until it deregisters", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  const own = simulator.domains()[0];
  assert.ok(own !== undefined);
  const all = (await client.call(316, Buffer.concat([u32(0), u32(0)]))).payload.readInt32BE(0);
  const one = (await client.call(316, Buffer.concat([u32(0), u32(1), domainBytes(own)]))).payload.readInt32BE(
    0,
  );
  assert.notEqual(all, one);
  assert.equal(errorOf(await client.call(316, Buffer.concat([u32(0), u32(0)]))).code, 8);
  assert.equal(errorOf(await client.call(316, Buffer.concat([u32(99), u32(0)]))).code, 1);
  assert.equal((await client.call(360)).status, 0);
  assert.equal((await client.call(361)).status, 0);

  const born = simulator.createDomain({ name: "born" });
  assert.equal(simulator.destroyDomain(born.uuid), true);
  assert.equal(simulator.destroyDomain(born.uuid), false);
  assert.equal(simulator.destroyDomain(own.uuid), true);
  await client.call(3);
  const events = client.messages.filter(({ type }) => type === 2);
  assert.deepEqual(
    events.map(({ procedure, serial, payload }) => {
      const cursor = new Cursor(payload);
      const callback = cursor.int();
      const name = cursor.text();
      cursor.uuid();
      const words = [cursor.int(), cursor.int(), cursor.int()];
      assert.equal(cursor.left, 0);
      return { procedure, serial, callback, name, words };
    }),
    [
      { procedure: 318, serial: 0, callback: all, name: "born", words: [born.id, 2, 0] },
      { procedure: 318, serial: 0, callback: all, name: "born", words: [-1, 5, 1] },
      { procedure: 318, serial: 0, callback: all, name: "vm-0", words: [-1, 5, 1] },
      { procedure: 318, serial: 0, callback: one, name: "vm-0", words: [-1, 5, 1] },
    ],
  );
  assert.equal(simulator.stats.eventsSent, 4);

  assert.equal((await client.call(317, u32(all))).status, 0);
  assert.equal(errorOf(await client.call(317, u32(all))).code, 1);
  simulator.createDomain();
  await client.call(3);
  assert.equal(client.messages.filter(({ type }) => type === 2).length, 4);
});

test("counts what it is asked", async (t) => {
  const { simulator, client } = await simulateAndOpen(t);
  await client.statistics(1);
  await client.statistics(1);
  await client.call(9999);
  const { connections, calls, unknownCalls, bytesSent } = simulator.stats;
  assert.deepEqual(calls, { AUTH_LIST: 1, CONNECT_OPEN: 1, CONNECT_GET_ALL_DOMAIN_STATS: 2 });
  assert.deepEqual([connections, unknownCalls], [1, 1]);
  assert.equal(
    bytesSent,
    client.messages.reduce((sum, { payload }) => sum + payload.length + 28, 0),
  );
});
