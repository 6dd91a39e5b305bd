/** A client of plain sockets and bytes, which shares no code with what it tests. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { startSimulator, type Simulator, type SimulatorOptions } from "../../src/simulator/index.ts";

export const REMOTE = 0x2000_8086;
export const KEEPALIVE = 0x6b65_6570;

export interface RawMessage {
  readonly program: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
  readonly payload: Buffer;
}

export interface RawParameter {
  readonly field: string;
  readonly type: number;
  readonly value: number | bigint | string | boolean;
}

export interface RawRecord {
  readonly name: string;
  readonly id: number;
  readonly parameters: readonly RawParameter[];
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u32(bytes.length), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

export function domainBytes({ name, uuid, id }: { name: string; uuid: string; id: number }): Buffer {
  return Buffer.concat([text(name), Buffer.from(uuid.replaceAll("-", ""), "hex"), u32(id)]);
}

export function frame(
  message: { program?: number; procedure: number; type?: number; serial?: number },
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const { program = REMOTE, procedure, type = 0, serial = 0 } = message;
  const words = [28 + payload.length, program, 1, procedure, type, serial, 0].map(u32);
  return Buffer.concat([...words, payload]);
}

/** Reads the words, strings and parameters of a payload one after the other. */
export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    return this.#bytes.readInt32BE((this.#at += 4) - 4);
  }

  long(): bigint {
    return this.#bytes.readBigUInt64BE((this.#at += 8) - 8);
  }

  text(): string {
    const length = this.int();
    const start = this.#at;
    this.#at += Math.ceil(length / 4) * 4;
    return this.#bytes.toString("utf8", start, start + length);
  }

  optionalText(): string | undefined {
    return this.int() === 0 ? undefined : this.text();
  }

  uuid(): string {
    return this.#bytes.toString("hex", (this.#at += 16) - 16, this.#at);
  }

  parameter(): RawParameter {
    const field = this.text();
    const type = this.int();
    if (type === 1 || type === 2) return { field, type, value: this.int() };
    if (type === 3 || type === 4) return { field, type, value: this.long() };
    if (type === 5) return { field, type, value: this.#bytes.readDoubleBE((this.#at += 8) - 8) };
    if (type === 6) return { field, type, value: this.int() !== 0 };
    if (type === 7) return { field, type, value: this.text() };
    throw new Error(`${field} has type ${type}`);
  }

  records(): RawRecord[] {
    return Array.from({ length: this.int() }, () => {
      const name = this.text();
      this.uuid();
      const id = this.int();
      return { name, id, parameters: Array.from({ length: this.int() }, () => this.parameter()) };
    });
  }
}

export class RawClient {
  readonly socket: Socket;
  readonly messages: RawMessage[] = [];
  #bytes = Buffer.alloc(0);
  #serial = 0;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => this.#received(Buffer.from(chunk)));
    socket.on("error", () => undefined);
    socket.on("close", () => this.#wake());
  }

  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** AUTH_LIST and OPEN. */
  static async open(path: string): Promise<RawClient> {
    const client = await RawClient.connect(path);
    await client.call(66);
    await client.call(1, Buffer.concat([u32(1), text("qemu:///system"), u32(1)]));
    return client;
  }

  /** Bytes that have arrived and are no whole message. */
  get rest(): Buffer {
    return this.#bytes;
  }

  /** Sends a call and returns its serial. */
  send(procedure: number, payload?: Buffer): number {
    this.#serial += 1;
    this.socket.write(frame({ procedure, serial: this.#serial }, payload));
    return this.#serial;
  }

  async call(procedure: number, payload?: Buffer): Promise<RawMessage> {
    const serial = this.send(procedure, payload);
    return this.until((message) => message.type === 1 && message.serial === serial);
  }

  /** Bulk statistics of some domains or all. */
  async statistics(groups = 0, domains: readonly Buffer[] = [], flags = 0): Promise<RawRecord[]> {
    const { payload } = await this.call(
      344,
      Buffer.concat([u32(domains.length), ...domains, u32(groups), u32(flags)]),
    );
    return new Cursor(payload).records();
  }

  async until(wanted: (message: RawMessage) => boolean): Promise<RawMessage> {
    for (;;) {
      const found = this.messages.find((message) => wanted(message));
      if (found !== undefined) return found;
      if (this.socket.destroyed) throw new Error("the connection ended");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }

  #received(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const length = this.#bytes.length < 4 ? Infinity : this.#bytes.readUInt32BE(0);
      if (length > this.#bytes.length) break;
      const bytes = this.#bytes.subarray(0, length);
      this.#bytes = this.#bytes.subarray(length);
      this.messages.push({
        program: bytes.readUInt32BE(4),
        procedure: bytes.readInt32BE(12),
        type: bytes.readInt32BE(16),
        serial: bytes.readUInt32BE(20),
        status: bytes.readInt32BE(24),
        payload: bytes.subarray(28),
      });
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** What a reply with an error says. */
export function errorOf({ payload }: RawMessage): {
  code: number;
  domain: number;
  message: string | undefined;
} {
  const cursor = new Cursor(payload);
  return { code: cursor.int(), domain: cursor.int(), message: cursor.optionalText() };
}

/** A simulator in a folder of its own, stopped when the test ends. */
export async function simulate(
  context: TestContext,
  options: Omit<SimulatorOptions, "socketPath"> = {},
): Promise<Simulator> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-simulator-"));
  const simulator = await startSimulator({ socketPath: join(folder, "sock"), domains: 6, ...options });
  context.after(async () => {
    await simulator.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return simulator;
}

/** As `simulate`, and a client that has opened it. */
export async function simulateAndOpen(
  context: TestContext,
  options: Omit<SimulatorOptions, "socketPath"> = {},
): Promise<{ simulator: Simulator; client: RawClient }> {
  const simulator = await simulate(context, options);
  const client = await RawClient.open(simulator.socketPath);
  context.after(() => client.socket.destroy());
  return { simulator, client };
}

/** A clock that a test sets. */
export class TestClock {
  nowMs = 0;
  static readonly EPOCH_MS = Date.UTC(2026, 3, 1, 9, 30);

  now(): { wallNs: bigint; monotonicMs: number } {
    return { wallNs: BigInt(TestClock.EPOCH_MS + this.nowMs) * 1_000_000n, monotonicMs: this.nowMs };
  }
}
