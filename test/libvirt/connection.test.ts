import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MessageStatus } from "../../src/libvirt/framing.ts";
import {
  controlInfo,
  getAllDomainStats,
  getHostname,
  getXmlDesc,
  LibvirtStatistics,
  listAllDomains,
} from "../../src/libvirt/index.ts";
import { type Answer, errorPayload, type FakePeer, opened, until, xdr } from "./fake-daemon.ts";

const HOSTNAME = 59;
const STATS = 344;
const LIST = 273;
const CONTROL = 229;

const domain = { name: "vm-1", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 1 };
const stats = { domains: [domain], groups: 0, flags: 0 };
const noRecords = xdr((writer) => writer.u32(0));
const noDomains = xdr((writer) => {
  writer.u32(0);
  writer.u32(0);
});
const hostname = (name: string): Buffer => xdr((writer) => writer.string(name));

describe("calls", () => {
  test("routes replies by serial, whatever their order", async () => {
    const waiting: Parameters<Answer>[1][] = [];
    await using session = await opened({
      [HOSTNAME](peer, call) {
        waiting.push(call);
        if (waiting.length < 3) return;
        for (const one of waiting.toReversed()) peer.reply(one, hostname(`serial ${one.serial}`));
      },
    });
    const { connection } = session;
    const names = await Promise.all([1, 2, 3].map(() => connection.call(getHostname)));
    assert.deepEqual(names, ["serial 6", "serial 7", "serial 8"]);
  });

  test("a late reply is dropped, and until then the call counts as outstanding", async () => {
    await using session = await opened({ [HOSTNAME]() {} });
    const { connection, peer } = session;
    await assert.rejects(connection.call(getHostname, undefined, { timeoutMs: 20 }), {
      name: "LibvirtDeadlineError",
      code: "LIBVIRT_DEADLINE",
      sent: true,
      message: "Cannot run CONNECT_GET_HOSTNAME: no answer within 20 ms",
    });
    assert.deepEqual([connection.outstanding, connection.abandoned], [1, 1]);
    peer.reply(peer.calls(HOSTNAME)[0]!, hostname("late"));
    await until(() => connection.outstanding === 0);
    assert.equal(connection.abandoned, 0);

    const second = connection.call(getHostname);
    await until(() => peer.calls(HOSTNAME).length === 2);
    peer.reply(peer.calls(HOSTNAME)[1]!, hostname("second"));
    assert.equal(await second, "second");
  });

  test("stuck ordinary calls block neither list nor control info, and never more than four are out", async () => {
    await using session = await opened({
      [STATS]() {},
      [LIST]: (peer, call) => peer.reply(call, noDomains),
      [CONTROL]: (peer, call) =>
        peer.reply(
          call,
          xdr((writer) => {
            writer.u32(2);
            writer.u32(0);
            writer.u64(5000);
          }),
        ),
    });
    const { connection, peer } = session;
    const late = await Promise.allSettled(
      Array.from({ length: 6 }, () => connection.call(getAllDomainStats, stats, { timeoutMs: 40 })),
    );
    assert.deepEqual(
      late.map((result) => result.status === "rejected" && (result.reason as { sent: boolean }).sent),
      [true, true, true, false, false, false],
    );
    assert.match(String(late[5]?.status === "rejected" && late[5].reason), /not sent .* 3 earlier calls/);
    assert.deepEqual([connection.outstanding, connection.abandoned], [3, 3]);
    assert.equal(peer.calls(STATS).length, 3);

    const [domains, control] = await Promise.all([
      connection.call(listAllDomains, { flags: 0 }),
      connection.call(controlInfo, { domain }),
    ]);
    assert.deepEqual(domains, []);
    assert.deepEqual(control, { state: 2, details: 0, stateTimeMs: 5000 });

    peer.reply(peer.calls(STATS)[1]!, noRecords);
    const next = connection.call(getAllDomainStats, stats);
    await until(() => peer.calls(STATS).length === 4);
    peer.reply(peer.calls(STATS)[3]!, noRecords);
    assert.deepEqual(await next, []);
  });

  test("an aborted call rejects with the signal's reason, before or after it was sent", async () => {
    await using session = await opened({ [HOSTNAME]() {} });
    const { connection } = session;
    const reason = new Error("no longer");
    await assert.rejects(
      connection.call(getHostname, undefined, { signal: AbortSignal.abort(reason) }),
      reason,
    );
    const controller = new AbortController();
    const call = connection.call(getHostname, undefined, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, reason);
    assert.equal(connection.abandoned, 1);
  });

  test("an error of the daemon is a LibvirtError with its code", async () => {
    await using session = await opened({ 14: (peer, call) => peer.reply(call, errorPayload(42, "weg"), 1) });
    await assert.rejects(session.connection.call(getXmlDesc, { domain, flags: 0 }), {
      code: "LIBVIRT_REPLY",
      procedure: "DOMAIN_GET_XML_DESC",
      libvirtCode: 42,
      libvirtMessage: "weg",
    });
  });

  test("a malformed reply fails its call alone", async () => {
    const bodies = [
      { payload: Buffer.from([0, 0, 0, 9, 97]), status: 0, message: /9 bytes wanted, 1 left/ },
      {
        payload: Buffer.concat([hostname("a"), Buffer.alloc(4)]),
        status: 0,
        message: /4 bytes are left over/,
      },
      { payload: Buffer.alloc(5), status: 1, message: /Cannot decode the reply/ },
      { payload: Buffer.alloc(0), status: 2, message: /status must be 0 or 1, current value is 2/ },
    ];
    const queue = [...bodies];
    await using session = await opened({
      [HOSTNAME](peer, call) {
        const body = queue.shift();
        peer.reply(call, body?.payload ?? hostname("fine"), body?.status ?? MessageStatus.ok);
      },
    });
    for (const { message } of bodies) {
      await assert.rejects(session.connection.call(getHostname), { code: "LIBVIRT_PROTOCOL", message });
    }
    assert.equal(await session.connection.call(getHostname), "fine");
  });

  test("counts calls by outcome, across connections", async () => {
    const statistics = new LibvirtStatistics();
    const replies: ((peer: FakePeer, call: Parameters<Answer>[1]) => void)[] = [
      (peer, call) => peer.reply(call, hostname("ok")),
      (peer, call) => peer.reply(call, errorPayload(1, ""), 1),
      (peer, call) => peer.reply(call),
    ];
    for (let round = 0; round < 2; round++) {
      const queue = [...replies];
      await using session = await opened(
        { [HOSTNAME]: (peer, call) => queue.shift()?.(peer, call) },
        { statistics },
      );
      const { connection } = session;
      await Promise.allSettled(replies.map(() => connection.call(getHostname)));
      await Promise.allSettled([connection.call(getHostname, undefined, { timeoutMs: 10 })]);
    }
    const counted = statistics.procedures.get("CONNECT_GET_HOSTNAME");
    assert.deepEqual(counted?.calls, {
      ok: 2,
      error: 2,
      protocol: 2,
      deadline: 2,
      disconnected: 0,
      aborted: 0,
    });
    assert.ok(counted.lastDurationMs >= 9 && counted.lastDurationMs < 2000, `${counted.lastDurationMs} ms`);
  });
});
