import {
  errorTypeOf,
  type HistogramValue,
  OperationDurations,
  SUCCESS,
} from "../metrics/operation-durations.ts";
import type { ExportOutcome, ExportRequest, OtlpTransport } from "./destination.ts";

/** A transport that keeps an account of how long requests took. */
export class TimedTransport implements OtlpTransport {
  readonly #transport: OtlpTransport;
  readonly #durations = new OperationDurations();

  constructor(transport: OtlpTransport) {
    this.#transport = transport;
  }

  /** Seconds, by error type; each request counts, also one that is sent again. */
  get durations(): ReadonlyMap<string, HistogramValue> {
    return this.#durations.values;
  }

  async export(request: ExportRequest): Promise<ExportOutcome> {
    const begunMs = performance.now();
    const outcome = await this.#transport.export(request);
    this.#durations.record((performance.now() - begunMs) / 1000, errorTypeOfOutcome(outcome));
    return outcome;
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

/** A partial success is none, the conventions say. */
function errorTypeOfOutcome(outcome: ExportOutcome): string {
  if (outcome.status !== "accepted") return errorTypeOf(outcome.error);
  return outcome.rejectedPoints > 0 ? "rejected" : SUCCESS;
}
