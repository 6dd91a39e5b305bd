import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { writeDomainRef } from "../../src/libvirt/domain-ref.ts";
import { connect, getHostname, lifecycle, type Lifecycle, LifecycleEvent } from "../../src/libvirt/index.ts";
import { type Answer, errorPayload, FakeDaemon, type FakePeer, xdr } from "./fake-daemon.ts";

const REGISTER = 316;
const DEREGISTER = 317;
const LIFECYCLE = 318;

const domain = { name: "größe", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 3 };

const answers: Record<number, Answer> = {
  [REGISTER]: (peer, call) =>
    peer.reply(
      call,
      xdr((writer) => writer.i32(0)),
    ),
  [DEREGISTER]: (peer, call) => peer.reply(call),
  59: (peer, call) =>
    peer.reply(
      call,
      xdr((writer) => writer.string("host")),
    ),
};

function sendLifecycle(peer: FakePeer, event: number): void {
  const payload = xdr((writer) => {
    writer.i32(0);
    writeDomainRef(writer, domain);
    writer.i32(event);
    writer.i32(1);
  });
  peer.event(LIFECYCLE, payload);
}

describe("subscribe", () => {
  test("registers once, tells every handler, and deregisters with the last", async () => {
    await using daemon = await FakeDaemon.start(answers);
    await using connection = await connect(daemon.uri);
    const { peer } = daemon;
    const seen: Lifecycle[][] = [[], []];
    const leave = await Promise.all(
      seen.map((list) => connection.subscribe(lifecycle, (event) => void list.push(event))),
    );
    assert.equal(peer.calls(REGISTER).length, 1);
    assert.equal(peer.calls(REGISTER)[0]?.payload.toString("hex"), "0000000000000000");

    sendLifecycle(peer, LifecycleEvent.started);
    // a call's answer comes after whatever was sent before it
    await connection.call(getHostname);
    assert.deepEqual(seen, [[{ domain, event: 2, detail: 1 }], [{ domain, event: 2, detail: 1 }]]);

    await leave[0]?.();
    sendLifecycle(peer, LifecycleEvent.stopped);
    await connection.call(getHostname);
    assert.deepEqual([seen[0]?.length, seen[1]?.length], [1, 2]);
    assert.equal(peer.calls(DEREGISTER).length, 0);

    await Promise.all([leave[1]?.(), leave[1]?.()]);
    sendLifecycle(peer, LifecycleEvent.started);
    await connection.call(getHostname);
    assert.equal(seen[1]?.length, 2);
    assert.equal(peer.calls(DEREGISTER).length, 1);

    await connection.subscribe(lifecycle, () => {});
    assert.equal(peer.calls(REGISTER).length, 2);
  });

  test("rejects when the daemon does not know the event, and can be tried again", async () => {
    let known = false;
    await using daemon = await FakeDaemon.start({
      ...answers,
      [REGISTER]: (peer, call) =>
        known
          ? peer.reply(
              call,
              xdr((writer) => writer.i32(5)),
            )
          : peer.reply(call, errorPayload(1, "unknown"), 1),
    });
    await using connection = await connect(daemon.uri);
    await assert.rejects(
      connection.subscribe(lifecycle, () => {}),
      { libvirtCode: 1 },
    );
    known = true;
    const leave = await connection.subscribe(lifecycle, () => {});
    await leave();
    assert.equal(daemon.peer.calls(DEREGISTER)[0]?.payload.readInt32BE(0), 5);
  });

  test("a malformed event is counted and dropped, an unknown one ignored", async () => {
    await using daemon = await FakeDaemon.start(answers);
    await using connection = await connect(daemon.uri);
    let events = 0;
    await connection.subscribe(lifecycle, () => void events++);
    daemon.peer.event(LIFECYCLE, Buffer.alloc(7));
    daemon.peer.event(333, Buffer.alloc(7));
    daemon.peer.send({ program: 0x2000_8087, procedure: LIFECYCLE }, Buffer.alloc(3));
    sendLifecycle(daemon.peer, LifecycleEvent.started);
    await connection.call(getHostname);
    assert.equal(events, 1);
    assert.equal(connection.statistics.droppedEvents, 1);
  });

  test("unsubscribing after the end is no error", async () => {
    await using daemon = await FakeDaemon.start(answers);
    const connection = await connect(daemon.uri);
    const leave = await connection.subscribe(lifecycle, () => {});
    daemon.peer.socket.destroy();
    await connection.closed;
    await leave();
  });

  test("a handler that throws surfaces as an uncaught error and harms nothing else", async (context) => {
    await using daemon = await FakeDaemon.start(answers);
    await using connection = await connect(daemon.uri);
    const uncaught = once(process, "uncaughtException");
    const others = process.rawListeners("uncaughtException").slice(0, -1) as (() => void)[];
    for (const other of others) process.off("uncaughtException", other);
    context.after(() => {
      for (const other of others) process.on("uncaughtException", other);
    });
    let events = 0;
    await connection.subscribe(lifecycle, () => {
      throw new Error("handler");
    });
    await connection.subscribe(lifecycle, () => void events++);
    sendLifecycle(daemon.peer, LifecycleEvent.started);
    const [error] = (await uncaught) as [Error];
    assert.equal(error.message, "handler");
    await sleep(1);
    assert.equal(events, 1);
    assert.equal(await connection.call(getHostname), "host");
  });
});
