import { setTimeout as delay } from "node:timers/promises";

import type { Logger } from "../log.ts";
import type {
  DeliveryCounts,
  Destination,
  DropReason,
  ExportOutcome,
  ExportRequest,
  OtlpTransport,
} from "./destination.ts";
import type { DestinationOptions } from "./options.ts";
import { createTransport } from "./transport.ts";

/** Who the destination is and where it reports. */
export interface DestinationContext {
  /** As the operator knows it: it stands in logs and metrics. */
  readonly name: string;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** How the account names an outcome that is a failure. */
const DROP_REASONS = {
  retry: "unavailable",
  "too-large": "too_large",
  refused: "refused",
} as const satisfies Record<Exclude<ExportOutcome["status"], "accepted">, DropReason>;

/**
 * A destination that sends each cycle once, in order, one request at a time. One cycle may wait beside the one under
 * way; a newer one takes its place.
 *
 * @throws KvmeterError CONFIG_INVALID where the options cannot work.
 */
export function createDestination(options: DestinationOptions & DestinationContext): Destination {
  return new DirectDestination(createTransport(options), options);
}

/** {@link createDestination} on any transport. */
export class DirectDestination implements Destination {
  readonly name: string;
  readonly #log: DestinationContext["log"];
  readonly #transport: OtlpTransport;
  /** What is still to be sent of the cycle under way, the request under way included. */
  #current: readonly ExportRequest[] = [];
  #waiting: readonly ExportRequest[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;
  /** What was wrong with the last cycle, as far as the log is concerned; undefined before the first. */
  #logged: string | undefined;
  #exportedPoints = 0;
  readonly #droppedPoints: Record<DropReason, number> = {
    refused: 0,
    too_large: 0,
    rejected: 0,
    unavailable: 0,
    backlog: 0,
    shutdown: 0,
  };
  #lastError: string | undefined;
  readonly #first = Promise.withResolvers<Error | undefined>();

  constructor(transport: OtlpTransport, { name, log }: DestinationContext) {
    this.name = name;
    this.#log = log;
    this.#transport = transport;
  }

  get counts(): DeliveryCounts {
    return {
      exportedPoints: this.#exportedPoints,
      droppedPoints: { ...this.#droppedPoints },
      lastError: this.#lastError,
    };
  }

  get firstError(): Promise<Error | undefined> {
    return this.#first.promise;
  }

  deliver(requests: readonly ExportRequest[]): void {
    if (requests.length === 0) return;
    if (this.#closed) {
      this.#drop("shutdown", requests);
      return;
    }
    this.#drop("backlog", this.#waiting);
    this.#waiting = requests;
    this.#sending ??= this.#send();
  }

  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    const timer = new AbortController();
    const timeout = delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#sending, timeout]);
    timer.abort();
    this.#drop("shutdown", this.#current);
    this.#drop("shutdown", this.#waiting);
    this.#current = [];
    this.#waiting = [];
    await this.#transport.close();
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#current = this.#waiting;
      this.#waiting = [];
      await this.#sendCycle();
    }
    this.#sending = undefined;
  }

  async #sendCycle(): Promise<void> {
    let problem = "";
    for (let request = this.#current[0]; request !== undefined; request = this.#current[0]) {
      const outcome = await this.#transport.export(request);
      this.#first.resolve(outcome.status === "accepted" ? undefined : outcome.error);
      // Nothing is left here if the destination was closed meanwhile, and the request is accounted for.
      if (this.#current[0] !== request) return;
      this.#current = this.#current.slice(1);
      const words = this.#account(request, outcome);
      problem = problem === "" ? words : problem;
    }
    this.#report(problem);
  }

  /** Counts the outcome; gives what went wrong in words, empty if nothing did. */
  #account(request: ExportRequest, outcome: ExportOutcome): string {
    if (outcome.status !== "accepted") {
      this.#drop(DROP_REASONS[outcome.status], [request]);
      this.#lastError = outcome.error.message;
      return outcome.error.message;
    }
    const { rejectedPoints, message } = outcome;
    this.#exportedPoints += request.pointCount - rejectedPoints;
    this.#droppedPoints.rejected += rejectedPoints;
    if (rejectedPoints === 0) return "";
    this.#lastError = `The backend rejected ${rejectedPoints} of ${request.pointCount} points: ${message}`;
    return this.#lastError;
  }

  /** One line when delivery starts to fail, one when it is well again, whatever happens in between. */
  #report(problem: string): void {
    const wasFailing = this.#logged !== undefined && this.#logged !== "";
    const isFailing = problem !== "";
    if (isFailing && !wasFailing) this.#log.warn({ destination: this.name }, problem);
    if (!isFailing && this.#logged !== "") {
      this.#log.info({ destination: this.name }, wasFailing ? "Export works again" : "Export works");
    }
    this.#logged = problem;
  }

  #drop(reason: DropReason, requests: readonly ExportRequest[]): void {
    for (const { pointCount } of requests) this.#droppedPoints[reason] += pointCount;
  }
}
