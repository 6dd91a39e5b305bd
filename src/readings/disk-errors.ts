import type { Clock } from "../clock.ts";
import { LibvirtDeadlineError, LibvirtError } from "../libvirt/errors.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { type Failure, problemsOf } from "../libvirt/problems.ts";
import { ControlState } from "../libvirt/procedures/control-info.ts";
import { type DiskError, DiskErrorCode, getDiskErrors } from "../libvirt/procedures/get-disk-errors.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { DomainDescription } from "./domain.ts";
import { mergeStatistics, NOTHING_READ } from "./merge-statistics.ts";
import type { DomainStatistics, StatisticsItem } from "./statistics.ts";

/** A QEMU that answers does so in milliseconds. */
const TIMEOUT_MS = 1000;

const VIR_DOMAIN_PAUSED = 3;
const VIR_DOMAIN_PAUSED_IOERROR = 5;

/** What is known before. */
interface DiskErrorContext {
  /** By uuid. */
  readonly statistics: ReadonlyMap<string, DomainStatistics>;
  readonly description: (uuid: string) => DomainDescription | undefined;
  readonly signal: AbortSignal;
}

/** What a cycle brought. */
interface DiskErrors {
  /** By uuid: what was there already, with disk errors where there is something to tell of them. */
  readonly statistics: ReadonlyMap<string, DomainStatistics>;
  readonly problems: readonly Error[];
}

/**
 * Asks domains that are paused by an I/O error which of their disks it was: one monitor command each. A domain that
 * does not answer is not asked again before it has run.
 */
export class DiskErrorReader {
  readonly #clock: Clock;
  /** Runs of domains that were paused so in the last cycle. */
  #told = new Set<string>();
  #late = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @throws KvmeterError what call() throws but the daemon's errors and deadlines; the signal's reason when it is
   * aborted
   */
  async read(
    lanes: Lanes,
    domains: readonly DomainRef[],
    { statistics, description, signal }: DiskErrorContext,
  ): Promise<DiskErrors> {
    const failed = domains.filter(({ uuid }) => isFailed(statistics.get(uuid)));
    // Not read is not over.
    const unread = domains.filter(
      (domain) => this.#told.has(keyOf(domain)) && statistics.get(domain.uuid)?.items.state === undefined,
    );
    const keys = new Set([...failed, ...unread].map(keyOf));
    this.#late = this.#late.intersection(keys);
    const ended = domains.filter((domain) => this.#told.has(keyOf(domain)) && !keys.has(keyOf(domain)));
    if (failed.length === 0 && ended.length === 0) return { statistics, problems: [] };

    const all = new Map(statistics);
    const add = ({ uuid }: DomainRef, diskError: readonly StatisticsItem<"diskError">[]): void => {
      const known = all.get(uuid) ?? NOTHING_READ;
      const read = { readAt: { "disk-error": this.#clock.now() }, items: { diskError } };
      all.set(uuid, mergeStatistics(known, read));
    };
    for (const domain of ended) add(domain, []);
    const failures: Failure[] = [];
    for (const domain of failed) {
      if (this.#late.has(keyOf(domain)) || !isFree(all.get(domain.uuid)) || lanes.monitorCalls === 0)
        continue;
      const errors = await this.#ask(lanes, domain, { signal, failures });
      if (errors !== undefined) add(domain, itemsOf(errors, description(domain.uuid)));
      else if (this.#late.has(keyOf(domain))) break;
    }
    this.#told = keys;
    return { statistics: all, problems: problemsOf("the disk errors", failures) };
  }

  async #ask(
    lanes: Lanes,
    domain: DomainRef,
    { signal, failures }: { readonly signal: AbortSignal; readonly failures: Failure[] },
  ): Promise<DiskError[] | undefined> {
    try {
      const connection = await lanes.ordinary();
      return await connection.call(getDiskErrors, { domain }, { timeoutMs: TIMEOUT_MS, signal });
    } catch (error) {
      if (error instanceof LibvirtDeadlineError) this.#late.add(keyOf(domain));
      else if (!(error instanceof LibvirtError)) throw error;
      failures.push({ domains: [domain], error });
      return undefined;
    }
  }
}

function isFailed(statistics: DomainStatistics | undefined): boolean {
  const { state, reason } = statistics?.items.state?.[0]?.values ?? {};
  return state === VIR_DOMAIN_PAUSED && reason === VIR_DOMAIN_PAUSED_IOERROR;
}

/** Is the way to its QEMU free, as far as is known? */
function isFree(statistics: DomainStatistics | undefined): boolean {
  const state = statistics?.items.control?.[0]?.values.state;
  return state === undefined || state === ControlState.ok;
}

/** libvirt names those in error only; the others are well. */
function itemsOf(
  errors: readonly DiskError[],
  description: DomainDescription | undefined,
): StatisticsItem<"diskError">[] {
  const states = new Map<string, number>();
  for (const { target } of description?.disks ?? []) states.set(target, DiskErrorCode.none);
  for (const { disk, error } of errors) states.set(disk, error);
  return Array.from(states, ([disk, state]) => ({ path: [disk], parent: undefined, values: { state } }));
}

/** One run of a domain. */
function keyOf({ uuid, id }: DomainRef): string {
  return `${uuid} ${id}`;
}
