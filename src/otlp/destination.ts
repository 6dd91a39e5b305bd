/** One encoded ExportMetricsServiceRequest, ready to be sent. */
export interface ExportRequest {
  readonly body: Uint8Array;
  /** Data points inside, for the account of what was exported and what was dropped. */
  readonly pointCount: number;
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
 * Why points did not arrive. refused: the backend will never take the request. too_large: it takes smaller ones
 * only. rejected: it took the request without these points. unavailable: it or the way to it failed. backlog: newer
 * points came while older ones still waited. shutdown: there was no time left.
 */
export type DropReason = "refused" | "too_large" | "rejected" | "unavailable" | "backlog" | "shutdown";

/** The account of a destination since its start: every point that it was given is counted once. */
export interface DeliveryCounts {
  readonly exportedPoints: number;
  readonly droppedPoints: Readonly<Record<DropReason, number>>;
  /** The last thing that went wrong, in words; undefined if nothing ever did. */
  readonly lastError: string | undefined;
}

/**
 * Where a cycle's requests leave for. Between this seam and the transport there is room for what a destination
 * needs of its own: queue, retry, pace.
 */
export interface Destination {
  readonly name: string;
  /** Of one moment: it does not change afterwards. */
  readonly counts: DeliveryCounts;
  /** Resolves when the first request has been tried: with what went wrong, undefined when it was accepted. */
  readonly firstError: Promise<Error | undefined>;
  /** Takes the requests over and returns at once: collection never waits for delivery. */
  deliver(requests: readonly ExportRequest[]): void;
  /** Sends what can still be sent within so many milliseconds, then lets go. */
  close(timeoutMs: number): Promise<void>;
}
