import { systemClock } from "../clock.ts";
import type { Configuration } from "../config/configuration.ts";
import { globMatcher } from "../glob.ts";
import { suitHeapTo } from "../heap.ts";
import type { Logger } from "../log.ts";
import { requiredGroups, requiredLocalReaders, unusedScopes } from "../metrics/selection.ts";
import { Poller } from "../poll.ts";
import type { HypervisorReading } from "../readings/domain.ts";
import { HypervisorSource } from "../readings/hypervisor-source.ts";
import { ticks } from "../schedule.ts";
import { TOP_HYPERVISOR_ROWS, TOP_ROWS, TopModel } from "./model.ts";

/** The rest of an interval is for drawing. */
const SOURCE_SHARE = 0.8;

/** However short the interval is, a host with many VMs gets this long. */
const LEAST_DEADLINE_MS = 2000;

/** As long as there is nothing to show, nobody is kept from anything: the first reading has every VM's XML to read. */
const FIRST_DEADLINE_MS = 30_000;

/** Brings readings into the model. Asks libvirt for what the screen shows, and for nothing else. */
export class TopFeed {
  readonly model = new TopModel();
  readonly #sources: readonly HypervisorSource[];
  readonly #poller: Poller<HypervisorReading>;
  readonly #intervalMs: number;

  constructor(configuration: Configuration, log: Logger) {
    const { libvirt, domains, intervalMs, statistics, processes, host } = configuration;
    const included = globMatcher(domains.include);
    const excluded = globMatcher(domains.exclude);
    const { slowIntervalMs, intervalsMs, stretchAbove } = statistics;
    const stretchAboveMs = stretchAbove * intervalMs;
    const local = {
      procfs: host.procfs,
      sysfs: host.sysfs,
      numaIntervalMs: processes.numaIntervalMs,
      readers: { ...requiredLocalReaders(TOP_ROWS), likeLibvirt: processes.insteadOfLibvirt },
    };
    this.#sources = libvirt.map(
      ({ uri, timeoutMs }) =>
        new HypervisorSource({
          uri,
          timeoutMs,
          groups: requiredGroups(TOP_ROWS, TOP_HYPERVISOR_ROWS),
          local,
          pace: { cycleMs: intervalMs, slowIntervalMs, intervalsMs, stretchAboveMs },
          unusedScopes: unusedScopes(TOP_ROWS),
          wanted: (name) => included(name) && !excluded(name),
          clock: systemClock,
        }),
    );
    this.#poller = new Poller(this.#sources, systemClock, log);
    this.#intervalMs = intervalMs;
  }

  /**
   * One refresh after the other, until the signal aborts; none while it is paused. The first takes longer than the
   * others, so the time from one to the next is counted from its end.
   */
  async *refreshes(signal: AbortSignal, isPaused: () => boolean): AsyncGenerator<void> {
    await this.#refresh(FIRST_DEADLINE_MS, signal);
    if (!signal.aborted) yield;
    let isFirst = true;
    for await (const _ of ticks(this.#intervalMs, signal)) {
      if (!isFirst && !isPaused()) {
        await this.#refresh(Math.max(SOURCE_SHARE * this.#intervalMs, LEAST_DEADLINE_MS), signal);
        if (!signal.aborted) yield;
      }
      isFirst = false;
    }
  }

  /** Never throws: what went wrong is in the model and, once, in the log. */
  async #refresh(deadlineMs: number, signal: AbortSignal): Promise<void> {
    const outcomes = await this.#poller.poll(deadlineMs, signal);
    if (signal.aborted) return;
    this.#poller.report(outcomes);
    const connections = this.#sources.flatMap(({ connection }) => connection ?? []);
    this.model.update({ outcomes, connections });
    suitHeapTo(this.model.domains.length);
  }

  /** Says goodbye to the daemons. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
  }
}
