import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import {
  encodeFrame,
  KEEPALIVE_PROGRAM,
  MessageStatus,
  MessageType,
  PROGRAM_VERSION,
} from "../../src/libvirt/framing.ts";
import { getHostname } from "../../src/libvirt/index.ts";
import { opened, until, xdr } from "./fake-daemon.ts";

const HOSTNAME = 59;

describe("keepalive", () => {
  test("answers the daemon's pings", async () => {
    await using session = await opened({});
    session.peer.keepalive(1);
    session.peer.keepalive(1);
    await until(() => session.peer.keepalives(2) === 2);
    const pong = session.peer.received.find(({ program }) => program === KEEPALIVE_PROGRAM);
    assert.deepEqual(
      { ...pong, payload: undefined },
      {
        program: KEEPALIVE_PROGRAM,
        version: 1,
        procedure: 2,
        type: 2,
        serial: 0,
        status: 0,
        payload: undefined,
      },
    );
  });

  test("answers no more pings of a daemon that reads none of its answers than a few", async () => {
    await using session = await opened({});
    const { peer, connection } = session;
    peer.socket.pause();
    const ping = encodeFrame({
      program: KEEPALIVE_PROGRAM,
      version: PROGRAM_VERSION,
      procedure: 1,
      type: MessageType.event,
      serial: 0,
      status: MessageStatus.ok,
    });
    const pings = 50_000;
    await new Promise((resolve) => {
      peer.socket.write(Buffer.concat(Array.from({ length: pings }, () => ping)), resolve);
    });
    peer.socket.resume();
    await connection.close();
    const pongs = peer.keepalives(2);
    assert.ok(pongs > 0 && pongs < pings / 2, `${pongs} answers`);
  });

  test("gives up a daemon that answers none of its pings", async () => {
    await using session = await opened(
      { [HOSTNAME]() {} },
      { keepalive: { intervalMs: 15, silentIntervals: 4 } },
    );
    const { connection, peer } = session;
    const pending = assert.rejects(connection.call(getHostname), {
      code: "LIBVIRT_DISCONNECTED",
      message: /the daemon was silent for 60 ms$/,
    });
    const reason = await connection.closed;
    assert.match(String(reason?.message), /silent for 60 ms/);
    await pending;
    assert.equal(peer.keepalives(1), 3);
  });

  test("lives on while pongs come, and pings only in silence", async () => {
    await using session = await opened({}, { keepalive: { intervalMs: 40, silentIntervals: 2 } });
    const { connection, peer } = session;
    const { socket } = peer;
    let answered = 0;
    socket.on("data", () => {
      for (; answered < peer.keepalives(1); answered++) peer.keepalive(2);
    });
    await until(() => answered >= 4);
    assert.equal(connection.outstanding, 0);
    const pings = peer.keepalives(1);
    for (let message = 0; message < 20; message++) {
      peer.event(999, Buffer.alloc(0));
      await sleep(4);
    }
    assert.ok(peer.keepalives(1) - pings <= 1, `${peer.keepalives(1) - pings} pings in 80 busy ms`);
  });

  test("does not ping a daemon that does not know it", async () => {
    await using session = await opened(
      {
        60: (peer, call) =>
          peer.reply(
            call,
            xdr((writer) => writer.i32(0)),
          ),
      },
      { keepalive: { intervalMs: 5, silentIntervals: 2 } },
    );
    await sleep(40);
    assert.equal(session.peer.keepalives(1), 0);
    assert.deepEqual(session.connection.features, { eventCallbacks: false, closeCallback: false });
  });
});
