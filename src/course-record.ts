import type { Clock } from "./clock.ts";
import type { Configuration } from "./config/configuration.ts";
import type { Course } from "./local-endpoint/health.ts";
import type { LocalEndpoint } from "./local-endpoint/local-endpoint.ts";
import { secretHider, type Logger } from "./log.ts";
import type { ResourcePoints } from "./metrics/points.ts";
import type { Destination } from "./otlp/destination.ts";
import type { SourceOutcome } from "./poll.ts";

export interface CourseRecordOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Names of what is read. */
  readonly sources: readonly string[];
  readonly destinations: readonly Destination[];
}

/** One cycle that has ended. */
export interface EndedCycle {
  readonly outcomes: readonly SourceOutcome<unknown>[];
  /** Since the start. */
  readonly skippedCycles: number;
}

/** What the agent has done since its start, for whoever asks meanwhile and for the last line of its log. */
export class CourseRecord {
  readonly #options: CourseRecordOptions;
  readonly #startedMs: number;
  readonly #sources: Map<string, boolean>;
  #cycles = 0;
  #last: (EndedCycle & { readonly endedMs: number }) | undefined;

  constructor(options: CourseRecordOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now().monotonicMs;
    this.#sources = new Map(options.sources.map((name) => [name, false]));
  }

  /** As of this moment. */
  get course(): Course {
    const { clock, intervalMs, destinations } = this.#options;
    return {
      intervalMs,
      sinceLastCycleMs: clock.now().monotonicMs - (this.#last?.endedMs ?? this.#startedMs),
      hasCycled: this.#last !== undefined,
      sources: this.#sources,
      destinations: new Map(destinations.map(({ name, counts }) => [name, counts.exportedPoints > 0])),
    };
  }

  cycleEnded(cycle: EndedCycle): void {
    this.#cycles += 1;
    this.#last = { ...cycle, endedMs: this.#options.clock.now().monotonicMs };
    for (const { source, reading } of cycle.outcomes) {
      if (reading !== undefined) this.#sources.set(source, true);
    }
  }

  /** One line on everything since the start; nothing where no cycle has ended. */
  summarize(log: Logger): void {
    if (this.#last === undefined) return;
    const { clock, destinations } = this.#options;
    const accounts = destinations.map(({ name, counts: { exportedPoints, queuedPoints, droppedPoints } }) => {
      const dropped = Object.entries(droppedPoints).filter(([, points]) => points > 0);
      return [name, { exportedPoints, queuedPoints, droppedPoints: Object.fromEntries(dropped) }];
    });
    const fields = {
      uptimeS: Math.round((clock.now().monotonicMs - this.#startedMs) / 1000),
      cycles: this.#cycles,
      skippedCycles: this.#last.skippedCycles,
      destinations: Object.fromEntries(accounts) as Record<string, unknown>,
    };
    log.info(fields, "stopped");
  }
}

/** What the local endpoint tells of. */
export interface EndpointContext {
  readonly record: CourseRecord;
  /** The points of the last cycle, undefined before the first. */
  readonly points: () => readonly ResourcePoints[] | undefined;
  readonly log: Logger;
}

/** Opens the local endpoint where the configuration asks for it. */
export async function openEndpoint(
  { listen, secrets }: Configuration,
  { record, points, log }: EndpointContext,
): Promise<LocalEndpoint | undefined> {
  if (listen === undefined) return undefined;
  const { openLocalEndpoint } = await import("./local-endpoint/local-endpoint.ts");
  const endpoint = await openLocalEndpoint(listen, {
    course: () => record.course,
    points,
    hide: secretHider(secrets),
  });
  log.info({ url: endpoint.url }, "local endpoint is open");
  return endpoint;
}
