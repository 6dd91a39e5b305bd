import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  encodeFrame,
  type Frame,
  FrameSplitter,
  KEEPALIVE_PROGRAM,
  MessageStatus,
  MessageType,
  PROGRAM_VERSION,
  REMOTE_PROGRAM,
} from "../../src/libvirt/framing.ts";
import { connect, type ConnectOptions, type LibvirtConnection } from "../../src/libvirt/index.ts";
import { XdrWriter } from "../../src/libvirt/xdr-writer.ts";

/** XDR bytes, said shortly. */
export function xdr(write: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  write(writer);
  return Buffer.from(writer.bytes());
}

/** virNetMessageError with a code and a text. */
export function errorPayload(code: number, text: string): Buffer {
  return xdr((writer) => {
    writer.i32(code);
    writer.i32(10);
    writer.optional(text, (value) => writer.string(value));
    writer.i32(2);
    for (let absent = 0; absent < 4; absent++) writer.bool(false);
    writer.i32(0);
    writer.i32(0);
    writer.bool(false);
  });
}

/** The far side of one connection. */
export class FakePeer {
  readonly socket: Socket;
  /** Every frame that came, in order. */
  readonly received: Frame[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Calls that came, by procedure. */
  calls(procedure: number): Frame[] {
    return this.received.filter((frame) => frame.program === REMOTE_PROGRAM && frame.procedure === procedure);
  }

  keepalives(procedure: number): number {
    return this.received.filter(
      (frame) => frame.program === KEEPALIVE_PROGRAM && frame.procedure === procedure,
    ).length;
  }

  reply(call: Frame, payload: Buffer = Buffer.alloc(0), status: number = MessageStatus.ok): void {
    this.socket.write(encodeFrame({ ...call, type: MessageType.reply, status }, payload));
  }

  event(procedure: number, payload: Buffer): void {
    this.send({ program: REMOTE_PROGRAM, procedure }, payload);
  }

  keepalive(procedure: number): void {
    this.send({ program: KEEPALIVE_PROGRAM, procedure });
  }

  send(
    header: { program: number; procedure: number; type?: number; serial?: number },
    payload?: Buffer,
  ): void {
    const rest = { version: PROGRAM_VERSION, type: MessageType.event, serial: 0, status: MessageStatus.ok };
    this.socket.write(encodeFrame({ ...rest, ...header }, payload));
  }
}

/** What the fake does with a call; undefined leaves it to the default of the opening sequence, or unanswered. */
export type Answer = (peer: FakePeer, call: Frame) => void;

const ANSWERS_OF_OPENING: ReadonlyMap<number, Answer> = new Map([
  [
    66,
    (peer, call) =>
      peer.reply(
        call,
        xdr((writer) => writer.array([0], (type) => writer.i32(type))),
      ),
  ],
  [
    60,
    (peer, call) =>
      peer.reply(
        call,
        xdr((writer) => writer.i32(1)),
      ),
  ],
  [1, (peer, call) => peer.reply(call)],
  [
    2,
    (peer, call) => {
      peer.reply(call);
      peer.socket.end();
    },
  ],
]);

/** A daemon on a unix socket that says exactly what a test wants it to say. */
export class FakeDaemon implements AsyncDisposable {
  readonly uri: string;
  readonly path: string;
  readonly peers: FakePeer[] = [];
  readonly #server: Server;
  readonly #folder: string;

  private constructor(server: Server, folder: string) {
    this.#server = server;
    this.#folder = folder;
    this.path = join(folder, "sock");
    this.uri = `qemu+unix:///system?socket=${this.path}`;
  }

  /** `answers` by procedure number, before those of the opening sequence; a call without one stays unanswered. */
  static async start(answers: Record<number, Answer> = {}): Promise<FakeDaemon> {
    const folder = await mkdtemp(join(tmpdir(), "kvmeter-"));
    const server = createServer((socket) => {
      const peer = new FakePeer(socket);
      daemon.peers.push(peer);
      const splitter = new FrameSplitter();
      // a client that goes away in the middle is part of the tests
      socket.on("error", () => socket.destroy());
      socket.on("data", (chunk: Buffer) => {
        for (const frame of splitter.push(chunk)) {
          peer.received.push(frame);
          if (frame.program !== REMOTE_PROGRAM) continue;
          const answer = answers[frame.procedure] ?? ANSWERS_OF_OPENING.get(frame.procedure);
          answer?.(peer, frame);
        }
      });
    });
    const daemon = new FakeDaemon(server, folder);
    server.listen(daemon.path);
    await once(server, "listening");
    return daemon;
  }

  /** The connection that came last. */
  get peer(): FakePeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody connected");
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A fake daemon and an open connection to it; both end with the scope. */
export async function opened(
  answers: Record<number, Answer>,
  options?: ConnectOptions,
): Promise<{ daemon: FakeDaemon; connection: LibvirtConnection; peer: FakePeer } & AsyncDisposable> {
  const daemon = await FakeDaemon.start(answers);
  const connection = await connect(daemon.uri, options);
  return {
    daemon,
    connection,
    peer: daemon.peer,
    async [Symbol.asyncDispose]() {
      await connection.close();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

/** Waits for something that the other side does soon. */
export async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 2) {
    assert.ok(waitedMs < 2000, `still waiting for ${condition.toString()}`);
    await sleep(2);
  }
}
