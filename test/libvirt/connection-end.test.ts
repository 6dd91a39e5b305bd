import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { encodeFrame, REMOTE_PROGRAM } from "../../src/libvirt/framing.ts";
import { getAllDomainStats, getHostname } from "../../src/libvirt/index.ts";
import { type FakePeer, opened, until, xdr } from "./fake-daemon.ts";

const HOSTNAME = 59;
const STATS = 344;
const LIST = 273;

const stats = { domains: [], groups: 0, flags: 0 };
const hostname = (name: string): Buffer => xdr((writer) => writer.string(name));

describe("the end of a connection", () => {
  const ends: [string, (peer: FakePeer) => void, string, RegExp][] = [
    ["the daemon hangs up", (peer) => peer.socket.destroy(), "LIBVIRT_DISCONNECTED", /the daemon hung up$/],
    [
      "the daemon hangs up in the middle of a frame",
      (peer) => peer.socket.end(encodeFrame(peer.calls(HOSTNAME)[0]!, hostname("cut")).subarray(0, 30)),
      "LIBVIRT_DISCONNECTED",
      /in the middle of a message, after 30 bytes of it$/,
    ],
    [
      "the length of a message is nonsense",
      (peer) => peer.socket.write("garbage garbage garbage garbage"),
      "LIBVIRT_PROTOCOL",
      /current value is 1734439522$/,
    ],
    [
      "a reply to no call comes",
      (peer) => peer.send({ program: REMOTE_PROGRAM, procedure: HOSTNAME, type: 1, serial: 99 }),
      "LIBVIRT_PROTOCOL",
      /no call waits for .* serial 99$/,
    ],
    [
      "a reply names another procedure than its call",
      (peer) => peer.reply({ ...peer.calls(HOSTNAME)[0]!, procedure: LIST }),
      "LIBVIRT_PROTOCOL",
      /no call waits for .* procedure 273/,
    ],
  ];
  for (const [what, act, code, message] of ends) {
    test(`when ${what}, every call fails and nothing else`, async () => {
      await using session = await opened({ [HOSTNAME]() {}, [STATS]() {} });
      const { connection, peer } = session;
      const calls = [
        connection.call(getHostname),
        ...Array.from({ length: 5 }, () => connection.call(getAllDomainStats, stats)),
      ];
      const settled = Promise.allSettled(calls);
      await until(() => peer.calls(STATS).length === 3);
      act(peer);
      for (const result of await settled) {
        assert.ok(result.status === "rejected");
        assert.deepEqual((result.reason as { code: string }).code, code);
        assert.match((result.reason as Error).message, message);
      }
      const reason = await connection.closed;
      assert.equal(reason?.code, code);
      assert.match(reason.message, message);
      assert.equal(connection.outstanding, 0);
      await assert.rejects(connection.call(getHostname), { code });
    });
  }

  test("close() says goodbye, fails what is pending, and is not an error", async () => {
    await using session = await opened({ [HOSTNAME]() {} });
    const { connection, peer } = session;
    const pending = assert.rejects(connection.call(getHostname), {
      code: "LIBVIRT_DISCONNECTED",
      message: /it was closed$/,
    });
    const closing = [connection.close(), connection.close()];
    await assert.rejects(connection.call(getHostname), { code: "LIBVIRT_DISCONNECTED" });
    await Promise.all([...closing, pending]);
    assert.equal(await connection.closed, undefined);
    assert.equal(peer.calls(2).length, 1);
    await assert.rejects(connection.call(getHostname), { code: "LIBVIRT_DISCONNECTED" });
  });

  test("close() does not wait for a daemon that hangs up instead of answering", async () => {
    await using session = await opened({ 2: (peer) => peer.socket.destroy() });
    await session.connection.close();
    assert.equal(await session.connection.closed, undefined);
  });
});
