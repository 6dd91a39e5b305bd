import type { Receiver, ReceiverOptions } from "./contract.ts";

export type { ReceivedRequest, Receiver, ReceiverOptions } from "./contract.ts";
export type * from "./decode-logs.ts";
export type * from "./decode.ts";
export type { ReceivedAttributes } from "./messages.ts";

/**
 * Starts a small OTLP receiver on the loopback interface, for the demonstration and for tests. It takes metrics
 * and log records, decodes them independently of the encoder and hands them on.
 *
 * @throws KvmeterError LISTEN where the port is taken.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  if (options.protocol === "grpc") {
    const { startGrpcReceiver } = await import("./grpc.ts");
    return startGrpcReceiver(options);
  }
  const { startHttpReceiver } = await import("./http.ts");
  return startHttpReceiver(options);
}
