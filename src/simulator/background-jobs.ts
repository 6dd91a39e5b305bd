import type { TypedParameter } from "../libvirt/types.ts";

/** Something that libvirt does on a domain for a while. */
export interface BackgroundJob {
  /** virDomainJobOperation: 5 a migration away, 8 a dump, 9 a backup. */
  readonly operation: number;
  readonly totalBytes: number;
  readonly lastsMs: number;
  /** Nobody is told of its end, as of a dump of memory alone. */
  readonly endsSilently?: boolean;
}

interface Running extends BackgroundJob {
  readonly begunMs: number;
}

/** virDomainJobType of a job whose end is not known, and of none. */
const UNBOUNDED = 2;
const NONE = 0;

/** The jobs that run, one a domain, evenly from their beginning to their end. */
export class BackgroundJobs {
  readonly #running = new Map<string, Running>();

  /** Begins one; false while the domain has another. */
  begin(uuid: string, job: BackgroundJob): boolean {
    if (this.#running.has(uuid)) return false;
    this.#running.set(uuid, { ...job, begunMs: performance.now() });
    return true;
  }

  /** Ends the domain's, and gives its final figures. */
  end(uuid: string): TypedParameter[] {
    const job = this.#running.get(uuid);
    this.#running.delete(uuid);
    return job === undefined ? [] : figures(job, 1);
  }

  /** What JOB_STATS says of a domain. */
  stats(uuid: string): { readonly type: number; readonly parameters: readonly TypedParameter[] } {
    const job = this.#running.get(uuid);
    if (job === undefined) return { type: NONE, parameters: [] };
    const share = Math.min(1, (performance.now() - job.begunMs) / job.lastsMs);
    return { type: UNBOUNDED, parameters: figures(job, share) };
  }
}

function figures({ operation, totalBytes, begunMs }: Running, share: number): TypedParameter[] {
  const processed = Math.floor(totalBytes * share);
  return Object.entries({
    operation,
    time_elapsed: Math.floor(performance.now() - begunMs),
    downtime: 300,
    data_total: totalBytes,
    data_processed: processed,
    data_remaining: totalBytes - processed,
  }).map(([field, value]) => ({ field, value }));
}
