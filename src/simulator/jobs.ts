import { setTimeout as sleep } from "node:timers/promises";

/** VIR_DOMAIN_JOB_WAIT: how long the daemon waits for a domain that somebody else is busy with. */
const JOB_WAIT_MS = 30_000;
/** Default of max_workers. */
const WORKERS = 20;

/** Who is busy with which domain. A domain's QEMU is asked by one call at a time. */
export class DomainJobs {
  readonly #jobs = new Map<string, { readonly sinceMs: number; readonly over: Promise<void> }>();

  /** Milliseconds for which a call has been busy with the domain; undefined while nobody is. */
  occupiedMs(uuid: string): number | undefined {
    const job = this.#jobs.get(uuid);
    return job === undefined ? undefined : performance.now() - job.sinceMs;
  }

  /**
   * Takes the domain's job; undefined when somebody else has it and does not give it up in time.
   * The caller must call what it gets.
   */
  async take(uuid: string, { wait }: { readonly wait: boolean }): Promise<(() => void) | undefined> {
    const deadlineMs = performance.now() + JOB_WAIT_MS;
    for (let busy = this.#jobs.get(uuid); busy !== undefined; busy = this.#jobs.get(uuid)) {
      const leftMs = deadlineMs - performance.now();
      if (!wait || leftMs <= 0) return undefined;
      const timer = new AbortController();
      const late = sleep(leftMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined);
      await Promise.race([busy.over, late]);
      timer.abort();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#jobs.set(uuid, { sinceMs: performance.now(), over: promise });
    return () => {
      this.#jobs.delete(uuid);
      resolve();
    };
  }
}

/** The daemon's ordinary workers. A call keeps its worker until it is done, also when its client is gone. */
export class Workers {
  #free = WORKERS;
  readonly #queue: (() => void)[] = [];

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
