import {
  type Destination,
  DROP_REASONS,
  type DropReason,
  type ExportRequest,
} from "../../src/otlp/destination.ts";

/** A destination that keeps what it gets, as a queue does while its backend is away. */
export function keeper(kept: ExportRequest[]): Destination {
  return {
    name: "kept",
    signal: "metrics",
    counts: {
      handedOverPoints: 0,
      recoveredPoints: 0,
      exportedPoints: 0,
      droppedPoints: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
        DropReason,
        number
      >,
      queuedPoints: 0,
      queuedBatches: 0,
      queuedBytes: 0,
      queueLimitBytes: 0,
      oldestAgeMs: 0,
      inFlightPoints: 0,
      lastError: undefined,
    },
    requestDurations: new Map(),
    firstError: new Promise(() => {}),
    deliver: (requests) => void kept.push(...requests),
    close: async () => {},
  };
}
