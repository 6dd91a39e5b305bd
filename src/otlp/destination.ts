import type { HistogramValue } from "../metrics/operation-durations.ts";
import type { Codec } from "./compression.ts";

/** What a request carries. */
export const SIGNALS = ["metrics", "logs"] as const;
export type Signal = (typeof SIGNALS)[number];

/** One encoded ExportMetricsServiceRequest (or ExportLogsServiceRequest), ready to be sent. */
export interface ExportRequest {
  readonly body: Uint8Array;
  /** Data points or log records inside, for the account of what was exported and what was dropped. */
  readonly pointCount: number;
  /** Metrics where nothing is said. */
  readonly signal?: Signal;
  /** How the body is compressed already; not at all where nothing is said. HTTP sends it as it is. */
  readonly codec?: Codec;
}

/** What became of a request. */
export type ExportOutcome =
  | { readonly status: "accepted"; readonly rejectedPoints: number; readonly message: string }
  /** The backend, or the way to it, may take it later; `retryAfterMs` where it said when. */
  | { readonly status: "retry"; readonly retryAfterMs: number | undefined; readonly error: Error }
  /** The backend takes smaller requests only. */
  | { readonly status: "too-large"; readonly error: Error }
  /** The backend will never take it. */
  | { readonly status: "refused"; readonly error: Error };

/** How one request travels: gRPC or HTTP. Never throws: what went wrong is in the outcome. */
export interface OtlpTransport {
  export(request: ExportRequest): Promise<ExportOutcome>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

/**
 * Why points did not arrive. refused: the backend will never take the request. too_large: it takes smaller ones only,
 * and this one cannot be cut. rejected: it took the request without these points. too_old: they waited longer than
 * the queue's age limit. queue_full: newer ones needed their place. unreadable: the queue's file was damaged.
 * shutdown: there was no time left and no state directory to keep them in.
 */
export const DROP_REASONS = [
  "refused",
  "too_large",
  "rejected",
  "too_old",
  "queue_full",
  "unreadable",
  "shutdown",
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/**
 * The account of a destination since its start. Every point, or log record where it is logs that it takes, is counted
 * once: handed over + recovered = exported + dropped + queued, at any moment.
 */
export interface DeliveryCounts {
  /** Points given to the destination. */
  readonly handedOverPoints: number;
  /** Points that were in the queue when it was opened. */
  readonly recoveredPoints: number;
  readonly exportedPoints: number;
  readonly droppedPoints: Readonly<Record<DropReason, number>>;
  /** Points that wait, those of the request under way included. */
  readonly queuedPoints: number;
  readonly queuedBatches: number;
  /** What the batches take of the queue's limit. */
  readonly queuedBytes: number;
  /** That limit. */
  readonly queueLimitBytes: number;
  /** How long the oldest batch has been waiting; 0 without one. */
  readonly oldestAgeMs: number;
  /** Points of the request under way. */
  readonly inFlightPoints: number;
  /** The last thing that went wrong, in words; undefined if nothing ever did. */
  readonly lastError: string | undefined;
}

/** Where requests of one signal leave for: queue, retry and pace are the destination's own. */
export interface Destination {
  readonly name: string;
  readonly signal: Signal;
  /** Of one moment: it does not change afterwards. */
  readonly counts: DeliveryCounts;
  /** How many seconds requests took, by error type. */
  readonly requestDurations: ReadonlyMap<string, HistogramValue>;
  /** Resolves when the first request has been tried: with what went wrong, undefined when it was accepted. */
  readonly firstError: Promise<Error | undefined>;
  /**
   * Takes the requests over and returns at once: collection never waits for delivery. `onTaken` is called, then or later,
   * when their bodies are not read any more; perhaps never, when delivery ends before that.
   */
  deliver(requests: readonly ExportRequest[], onTaken?: () => void): void;
  /** Sends what can still be sent within so many milliseconds, then lets go; what is on disk stays there. */
  close(timeoutMs: number): Promise<void>;
}
