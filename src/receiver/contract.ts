import { KvmeterError } from "../errors.ts";
import type { ReceivedLogs } from "./decode-logs.ts";
import type { ReceivedResource } from "./decode.ts";

/** Larger requests are refused, before and after decompression. */
export const REQUEST_LIMIT_BYTES = 64 * 1024 * 1024;

/** What a receiver is started with. */
export interface ReceiverOptions {
  readonly protocol: "grpc" | "http/protobuf";
  /** 0 or none: any free one. */
  readonly port?: number;
  /** Called for each request before it is answered. What it throws is the sender's answer. */
  readonly onMetrics: (resources: readonly ReceivedResource[], request: ReceivedRequest) => void;
  /** The same for log records. Without it there is no such service here. */
  readonly onLogs?: (resources: readonly ReceivedLogs[], request: ReceivedRequest) => void;
  /** TLS instead of plaintext; with `ca` clients must have a certificate of that authority. PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer };
}

/** How a request came. */
export interface ReceivedRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Of the message, decompressed. */
  readonly bytes: number;
}

/** A receiver that listens. */
export interface Receiver {
  /** What a sender takes as its endpoint for metrics, path included. */
  readonly endpoint: string;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/** The error for a port that cannot be listened on. */
export function listenError(port: number, cause: Error): KvmeterError {
  return new KvmeterError("LISTEN", `Cannot receive OTLP on 127.0.0.1:${port}: choose another port`, {
    cause,
  });
}
