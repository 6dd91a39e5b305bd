import type { KvmeterError } from "../errors.ts";

/** What a transport tells its user. */
export interface TransportListener {
  /** Bytes, in any chunks. The chunk is the listener's until this returns; then others are read into its memory. */
  onData(chunk: Buffer): void;
  /** Once, after the last onData. `cause` is absent when the far side just hung up or close() was called. */
  onClose(cause: Error | undefined): void;
}

/** A stream of bytes to a libvirt daemon; how it gets there is nobody else's matter. */
export interface Transport {
  /** For messages: the socket's path, or the host and how it is reached. */
  readonly peer: string;
  /** The daemon's socket on this machine; absent when the daemon may be on another. */
  readonly socketPath?: string | undefined;
  /** Why it ended, where it knows that better than whoever was listening. */
  readonly failure?: KvmeterError | undefined;
  /** Bytes that the far side has not taken yet. */
  readonly unsentBytes: number;
  /** Begins to read. Nothing that arrived before is lost. */
  start(listener: TransportListener): void;
  /** Queues the bytes; a failure is told by onClose. */
  write(bytes: Uint8Array): void;
  /** Ends both directions at once. */
  close(): void;
}

export interface TransportOptions {
  /** For connecting as a whole. */
  readonly timeoutMs: number;
  /** Ends the connecting. */
  readonly signal?: AbortSignal | undefined;
}
