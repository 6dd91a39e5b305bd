import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";

import { connect } from "../../src/libvirt/index.ts";
import { type Answer, errorPayload, FakeDaemon, opened, xdr } from "./fake-daemon.ts";

function authList(...types: number[]): Answer {
  const payload = xdr((writer) => writer.array(types, (type) => writer.i32(type)));
  return (peer, call) => peer.reply(call, payload);
}

describe("opening", () => {
  test("goes AUTH_LIST, keepalive, OPEN read-only with the daemon's own URI, features", async () => {
    await using session = await opened({});
    const { connection, peer, daemon } = session;
    assert.deepEqual(
      peer.received.map(({ procedure, payload }) => [procedure, payload.toString("hex")]),
      [
        [66, ""],
        [60, "0000000a"],
        [1, `000000010000000e${Buffer.from("qemu:///system").toString("hex")}000000000001`],
        [60, "0000000e"],
        [60, "0000000f"],
      ],
    );
    assert.deepEqual(
      peer.received.map(({ serial }) => serial),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(connection.features, { eventCallbacks: true, closeCallback: true });
    assert.equal(connection.socketPath, daemon.path);
    assert.equal(connection.readOnly, true);
    assert.equal(connection.uri, daemon.uri);
  });

  test("asks for a read-write hypervisor when told so", async () => {
    await using session = await opened({}, { readOnly: false });
    const [open] = session.peer.calls(1);
    assert.equal(open?.payload.readUInt32BE(open.payload.length - 4), 0);
  });

  test("logs in by polkit where the daemon wants that", async () => {
    await using session = await opened({
      66: authList(2),
      70: (peer, call) =>
        peer.reply(
          call,
          xdr((writer) => writer.i32(1)),
        ),
    });
    assert.equal(session.peer.calls(70).length, 1);
  });

  const refusals: [string, Record<number, Answer>, RegExp][] = [
    ["SASL", { 66: authList(1) }, /daemon wants SASL; set auth_unix_ro/],
    ["an unknown type", { 66: authList(9) }, /daemon wants type 9/],
    [
      "polkit that refuses",
      { 66: authList(2), 70: (peer, call) => peer.reply(call, errorPayload(45, "nein"), 1) },
      /refused this user: nein; add the user to the libvirt group .* org\.libvirt\.unix\.monitor/,
    ],
    [
      "polkit that is not done",
      {
        66: authList(2),
        70: (peer, call) =>
          peer.reply(
            call,
            xdr((writer) => writer.i32(0)),
          ),
      },
      /polkit wants more/,
    ],
    [
      "access control",
      { 1: (peer, call) => peer.reply(call, errorPayload(88, "no"), 1) },
      /refused this user: no/,
    ],
  ];
  for (const [what, answers, message] of refusals) {
    test(`fails with LIBVIRT_AUTHENTICATION at ${what}`, async () => {
      await using daemon = await FakeDaemon.start(answers);
      await assert.rejects(connect(daemon.uri), { code: "LIBVIRT_AUTHENTICATION", message });
      await once(daemon.peer.socket, "close");
    });
  }

  test("gives the daemon's own error for a hypervisor that it does not have", async () => {
    await using daemon = await FakeDaemon.start({
      1: (peer, call) => peer.reply(call, errorPayload(5, "no\nsuch driver"), 1),
    });
    await assert.rejects(connect(daemon.uri), {
      name: "LibvirtError",
      code: "LIBVIRT_REPLY",
      libvirtCode: 5,
      libvirtDomain: 10,
      level: 2,
      libvirtMessage: "no\nsuch driver",
      message: "Cannot run CONNECT_OPEN: libvirt error 5 (from its part 10): no such driver",
    });
  });

  test("ends at its deadline, at its signal, and when the daemon hangs up", async () => {
    await using silent = await FakeDaemon.start({ 1() {} });
    await assert.rejects(connect(silent.uri, { timeoutMs: 50 }), { code: "LIBVIRT_DEADLINE" });
    await assert.rejects(connect(silent.uri, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
    await assert.rejects(connect(silent.uri, { signal: AbortSignal.abort(new Error("stop")) }), {
      message: "stop",
    });
    await using hasty = await FakeDaemon.start({ 66: (peer) => peer.socket.destroy() });
    await assert.rejects(connect(hasty.uri), {
      code: "LIBVIRT_DISCONNECTED",
      message: /AUTH_LIST: .* hung up/,
    });
  });
});
