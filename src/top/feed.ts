import { systemClock } from "../clock.ts";
import type { Configuration } from "../config/configuration.ts";
import type { ReadableHypervisor } from "../discovered-hypervisors.ts";
import { suitHeapTo } from "../heap.ts";
import type { Logger } from "../log.ts";
import { Poller } from "../poll.ts";
import type { HypervisorReading } from "../readings/domain.ts";
import type { HostSource } from "../readings/host-source.ts";
import type { HostReading } from "../readings/host.ts";
import { ticks } from "../schedule.ts";
import { createHostSources, createSources } from "../sources.ts";
import { TOP_ROWS, TopModel } from "./model.ts";

/** The rest of an interval is for drawing. */
const SOURCE_SHARE = 0.8;

/** However short the interval is, a host with many VMs gets this long. */
const LEAST_DEADLINE_MS = 2000;

/** As long as there is nothing to show, nobody is kept from anything: the first reading has every VM's XML to read. */
const FIRST_DEADLINE_MS = 30_000;

const unheard = (): void => undefined;

/** What is noted once, at a start that lasts, nobody needs who looks for a minute. What goes wrong is told all the same. */
const UNHEARD = { debug: unheard, info: unheard, warn: unheard } as const;

/** Brings readings into the model. Libvirt and the kernel are asked for what the screen shows, and for nothing else. */
export class TopFeed {
  readonly model = new TopModel();
  readonly #sources: readonly ReadableHypervisor[];
  readonly #hostSources: readonly HostSource[];
  readonly #poller: Poller<HypervisorReading>;
  readonly #hostPoller: Poller<HostReading>;
  readonly #intervalMs: number;

  constructor(configuration: Configuration, log: Logger) {
    const context = { log: UNHEARD, rows: TOP_ROWS };
    this.#sources = createSources(configuration, { ...context, pacing: "paced" });
    // Three small files of the kernel: nobody pays for them but who looks.
    this.#hostSources = createHostSources(configuration, { ...context, pacing: "whole" });
    this.#poller = new Poller(this.#sources, systemClock, log);
    this.#hostPoller = new Poller(this.#hostSources, systemClock, log);
    this.#intervalMs = configuration.intervalMs;
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
    const [outcomes, hostOutcomes] = await Promise.all([
      this.#poller.poll(deadlineMs, signal),
      this.#hostPoller.poll(deadlineMs, signal),
    ]);
    if (signal.aborted) return;
    this.#poller.report(outcomes);
    this.#hostPoller.report(hostOutcomes);
    const connections = this.#sources.flatMap(({ connection }) => connection ?? []);
    this.model.update({ outcomes, connections, host: hostOutcomes[0]?.reading });
    suitHeapTo(this.model.domains.length);
  }

  /** Says goodbye to the daemons. Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#sources, ...this.#hostSources].map((source) => source.close()));
  }
}
