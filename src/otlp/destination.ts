/** One encoded ExportMetricsServiceRequest, ready to be sent. */
export interface ExportRequest {
  readonly body: Uint8Array;
  /** Data points inside, for the account of what was exported and what was dropped. */
  readonly pointCount: number;
}

/** What became of a request. */
export type ExportOutcome =
  | { readonly status: "accepted"; readonly rejectedPoints: number; readonly message: string }
  /** The backend may take it later; `retryAfterMs` where it said when. */
  | { readonly status: "retry"; readonly retryAfterMs: number | undefined; readonly error: Error }
  /** The backend will never take it. */
  | { readonly status: "refused"; readonly error: Error };

/** How one request travels: gRPC or HTTP. Never throws: what went wrong is in the outcome. */
export interface OtlpTransport {
  export(request: ExportRequest): Promise<ExportOutcome>;
  close(): Promise<void>;
}

/**
 * Where a cycle's requests leave for. Between this seam and the transport there is room for what a destination
 * needs of its own: queue, retry, pace.
 */
export interface Destination {
  readonly name: string;
  /** Takes the requests over and returns at once: collection never waits for delivery. */
  deliver(requests: readonly ExportRequest[]): void;
  /** Sends what can still be sent until the deadline, then lets go. */
  close(deadlineMs: number): Promise<void>;
}
