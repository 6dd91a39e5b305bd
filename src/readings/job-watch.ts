import type { Clock } from "../clock.ts";
import { LibvirtDeadlineError } from "../libvirt/errors.ts";
import type { JobFigures } from "../libvirt/job-figures.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { getJobStats, JobType, type JobStats } from "../libvirt/procedures/get-job-stats.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { JobEnded, ObservedEvent } from "./event-journal.ts";
import type { DomainStatistics } from "./statistics.ts";

/** What a cycle brought of jobs. */
export interface JobsReading {
  /** By the domain's uuid; of one whose job is over that there is none any more. */
  readonly statistics: ReadonlyMap<string, DomainStatistics>;
  /** Jobs that were there in the last cycle and of whose end no event told. */
  readonly ended: readonly ObservedEvent[];
}

/** Of whom jobs are read. */
export interface JobContext {
  readonly isAtWork: (domain: DomainRef) => boolean;
  readonly isSilent: (domain: DomainRef) => boolean;
  readonly signal: AbortSignal;
}

interface KnownJob {
  readonly id: number;
  readonly operation: string;
  /** What JOB_STATS said when it was over: an event that tells more may be on its way, until the next look. */
  readonly end?: number;
}

/** Domains without any sign of a job that are asked in each cycle, in turn. */
const OTHERS_LIMIT = 8;

/** Jobs are few; where they are not, those that are not asked in this cycle are in the next one. */
const AT_WORK_LIMIT = 32;

/** The daemon answers in a millisecond or waits for somebody who is at the domain; then the others come first. */
const PATIENCE_MS = 250;

/** The daemon waits 30 s for whoever is at the domain (QEMU_JOB_WAIT_TIME); by then a late answer has come. */
const LATE_PAUSE_MS = 35_000;

const NO_JOB: DomainStatistics["items"] = { job: [] };

/**
 * Reads how far the domains' jobs are: migrations, backups, dumps, saves. libvirt has no list of jobs, and tells of
 * the beginning of few; so those are asked of whom an event or their state says that something goes on, and a few
 * others in turn. A domain without a job costs its QEMU nothing: the daemon knows that it has none.
 */
export class JobWatch {
  readonly #clock: Clock;
  #known = new Map<string, KnownJob>();
  /** Domains, by uuid, of which an event told that a job runs. */
  readonly #hinted = new Set<string>();
  /** Domains, by uuid, whose job ended with an event since the last look. */
  readonly #over = new Set<string>();
  /** Domains that were late with their answer, each keeping a call of the daemon's, and when they are asked again. */
  readonly #late = new Map<string, number>();
  readonly #turnAtWork = new Turn();
  readonly #turnOfOthers = new Turn();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes over what events tell of jobs. */
  apply(events: readonly ObservedEvent[]): void {
    for (const { event } of events) {
      const { uuid } = event.domain;
      if (event.kind === "migrationIteration") this.#hinted.add(uuid);
      // The daemon has told of its end itself, or there is nothing left that could have one.
      const isEnd = event.kind === "jobCompleted" || event.type === "stopped";
      if (isEnd && this.#known.delete(uuid)) this.#over.add(uuid);
    }
  }

  /**
   * One look at the domains that run. `isAtWork` tells of which their state says that a job runs, `isSilent` which
   * do not answer and are not asked.
   * @throws the signal's reason when it is aborted
   */
  async read(lanes: Lanes, domains: readonly DomainRef[], context: JobContext): Promise<JobsReading> {
    const statistics = new Map<string, DomainStatistics>();
    const ended: ObservedEvent[] = [];
    const known = new Map<string, KnownJob>();
    const asked = this.#choose(domains, context);
    const lateBefore = this.#late.size;
    for (const domain of domains) {
      const { uuid } = domain;
      const before = this.#known.get(uuid)?.id === domain.id ? this.#known.get(uuid) : undefined;
      if (this.#over.has(uuid)) statistics.set(uuid, this.#none());
      if (before?.end !== undefined) ended.push(endOf(domain, before, this.#clock));
      const running = before?.end === undefined ? before : undefined;
      // One that is late is enough for a cycle.
      const isAsked = asked.has(domain) && this.#late.size === lateBefore;
      const answer = isAsked ? await this.#ask(lanes, domain, context.signal) : undefined;
      if (answer === undefined) {
        if (running !== undefined) known.set(uuid, running);
        continue;
      }
      if (answer.type === JobType.bounded || answer.type === JobType.unbounded) {
        known.set(uuid, { id: domain.id, operation: answer.figures.operation });
        statistics.set(uuid, this.#some(answer.figures));
      } else if (running !== undefined) {
        statistics.set(uuid, this.#none());
        known.set(uuid, { ...running, end: answer.type });
      }
    }
    this.#known = known;
    this.#over.clear();
    this.#hinted.clear();
    return { statistics, ended };
  }

  #choose(
    all: readonly DomainRef[],
    { isAtWork, isSilent }: Pick<JobContext, "isAtWork" | "isSilent">,
  ): ReadonlySet<DomainRef> {
    const nowMs = this.#clock.now().monotonicMs;
    for (const [uuid, untilMs] of this.#late) if (untilMs <= nowMs) this.#late.delete(uuid);
    const domains = all.filter((domain) => !isSilent(domain) && !this.#late.has(domain.uuid));
    const atWork = domains.filter(
      (domain) => this.#known.has(domain.uuid) || this.#hinted.has(domain.uuid) || isAtWork(domain),
    );
    return new Set([
      ...this.#turnAtWork.take(atWork, AT_WORK_LIMIT),
      ...this.#turnOfOthers.take(domains, OTHERS_LIMIT),
    ]);
  }

  async #ask(lanes: Lanes, domain: DomainRef, signal: AbortSignal): Promise<JobStats | undefined> {
    if (lanes.monitorCalls === 0) return undefined;
    try {
      const connection = lanes.free ?? (await lanes.ordinary());
      return await connection.call(getJobStats, { domain }, { timeoutMs: PATIENCE_MS, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LibvirtDeadlineError && error.sent) {
        this.#late.set(domain.uuid, this.#clock.now().monotonicMs + LATE_PAUSE_MS);
      }
      // It is not there any more, is the target of a migration, or somebody is at it: nothing is known.
      return undefined;
    }
  }

  #some({ totalBytes, processedBytes, remainingBytes, downtimeMs, operation }: JobFigures): DomainStatistics {
    const values = { totalBytes, processedBytes, remainingBytes, downtimeMs };
    return {
      readAt: { job: this.#clock.now() },
      items: { job: [{ path: [operation], parent: undefined, values }] },
    };
  }

  #none(): DomainStatistics {
    return { readAt: { job: this.#clock.now() }, items: NO_JOB };
  }
}

/** Takes some of many, others each time. */
class Turn {
  #next = 0;

  take<Item>(all: readonly Item[], limit: number): readonly Item[] {
    const count = Math.min(limit, all.length);
    const first = this.#next < all.length ? this.#next : 0;
    this.#next = first + count;
    return [...all.slice(first), ...all.slice(0, first)].slice(0, count);
  }
}

function endOf(domain: DomainRef, { operation, end }: KnownJob, clock: Clock): ObservedEvent {
  const outcome = end === JobType.cancelled ? "cancelled" : end === JobType.failed ? "failed" : "unknown";
  const event: JobEnded = { kind: "jobEnded", domain, type: "job_ended", detail: operation, outcome };
  return { at: clock.now(), event };
}
