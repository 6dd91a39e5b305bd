import type { OnReadOpts, Socket } from "node:net";

import { KvmeterError } from "../../errors.ts";
import type { Transport, TransportListener } from "../transport.ts";

/** As much as libuv reads at once. */
const CHUNK_BYTES = 65_536;

/**
 * Where a socket reads to that is made with this: always the same memory. A stream's chunk is memory of its own and goes
 * through the stream's buffers, which for a hundred short replies a cycle is more work than what is done with them.
 */
export class Inlet implements OnReadOpts {
  readonly buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** Set before the socket is resumed. */
  onData: (chunk: Buffer) => void = () => {};

  readonly callback = (bytes: number): boolean => {
    this.onData(this.buffer.subarray(0, bytes));
    return true;
  };
}

/** A connected socket of Node as a transport. */
export class SocketTransport implements Transport {
  readonly peer: string;
  readonly socketPath: string | undefined;
  readonly #socket: Socket;
  readonly #inlet: Inlet | undefined;
  #failure: Error | undefined;

  /** `inlet`: what the socket was made with, paused. */
  constructor(socket: Socket, parts: { peer: string; socketPath?: string; inlet?: Inlet }) {
    this.peer = parts.peer;
    this.socketPath = parts.socketPath;
    this.#socket = socket;
    this.#inlet = parts.inlet;
    socket.on("error", (error) => {
      this.#failure = error;
    });
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  start(listener: TransportListener): void {
    const onData = (chunk: Buffer): void => listener.onData(chunk);
    if (this.#inlet === undefined) this.#socket.on("data", onData);
    else this.#inlet.onData = onData;
    this.#socket.on("close", () => listener.onClose(this.#failure));
    this.#socket.resume();
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The error for a far side that did not answer in time. */
export function lateError(peer: string, timeoutMs: number): KvmeterError {
  return new KvmeterError(
    "LIBVIRT_DEADLINE",
    `Cannot connect to ${peer}: no connection within ${timeoutMs} ms`,
  );
}

/** The code of a system error, such as ENOENT; undefined when it has none. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string"
    ? thrown.code
    : undefined;
}
