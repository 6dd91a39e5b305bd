import type { Socket } from "node:net";

import { KvmeterError } from "../../errors.ts";
import type { Transport, TransportListener } from "../transport.ts";

/** A connected socket of Node as a transport. */
export class SocketTransport implements Transport {
  readonly peer: string;
  readonly socketPath: string | undefined;
  readonly #socket: Socket;
  #failure: Error | undefined;

  constructor(socket: Socket, names: { peer: string; socketPath?: string }) {
    this.peer = names.peer;
    this.socketPath = names.socketPath;
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#failure = error;
    });
  }

  start(listener: TransportListener): void {
    this.#socket.on("data", (chunk: Buffer) => listener.onData(chunk));
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
