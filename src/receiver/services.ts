import type { ReceivedRequest, ReceiverOptions } from "./contract.ts";
import { decodeLogsRequest } from "./decode-logs.ts";
import { decodeRequest } from "./decode.ts";

/** One of OTLP's services. */
export interface Service {
  readonly httpPath: string;
  readonly grpcPath: string;
  /**
   * Takes the bytes of a request.
   * @throws what decoding says, and what the receiver's owner throws
   */
  take(body: Uint8Array, request: ReceivedRequest): void;
}

/** Those that the receiver's owner wants: one that takes no logs refuses them, as a collector without a pipeline does. */
export function servicesOf({ onMetrics, onLogs }: ReceiverOptions): readonly [Service, ...Service[]] {
  const metrics: Service = {
    httpPath: "/v1/metrics",
    grpcPath: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    take: (body, request) => onMetrics(decodeRequest(body), request),
  };
  if (onLogs === undefined) return [metrics];
  const logs: Service = {
    httpPath: "/v1/logs",
    grpcPath: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    take: (body, request) => onLogs(decodeLogsRequest(body), request),
  };
  return [metrics, logs];
}
