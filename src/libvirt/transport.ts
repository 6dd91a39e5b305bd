/** What a transport tells its user. */
export interface TransportListener {
  /** Bytes, in any chunks. The chunk is the listener's. */
  onData(chunk: Buffer): void;
  /** Once, after the last onData. `cause` is absent when the far side just hung up or close() was called. */
  onClose(cause: Error | undefined): void;
}

/** A stream of bytes to a libvirt daemon; how it gets there is nobody else's matter. */
export interface Transport {
  /** For messages: the socket's path. */
  readonly peer: string;
  /** Begins to read. Nothing that arrived before is lost. */
  start(listener: TransportListener): void;
  /** Queues the bytes; a failure is told by onClose. */
  write(bytes: Uint8Array): void;
  /** Ends both directions at once. */
  close(): void;
}
