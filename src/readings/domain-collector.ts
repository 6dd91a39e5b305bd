import type { Clock, Instant } from "../clock.ts";
import type { Collection } from "../libvirt/collect-round.ts";
import { collectDisks, collectMonitorless, collectStatistics } from "../libvirt/collect.ts";
import { isBlocked, type Probed } from "../libvirt/control-probe.ts";
import { isActive } from "../libvirt/domain-ref.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { type ControlInfo, ControlState } from "../libvirt/procedures/control-info.ts";
import { StatsGroups } from "../libvirt/procedures/get-all-domain-stats.ts";
import type { DomainRef, DomainStatsRecord } from "../libvirt/types.ts";
import { type Collected, CollectorCycle, type CycleContext } from "./collector-cycle.ts";
import { diskCounters } from "./disk-counters.ts";
import { DomainHealth, type FieldCount, type Triage } from "./domain-health.ts";
import type { LocalReading } from "./domain-processes.ts";
import { ProcessLook } from "./process-look.ts";
import type { StatisticsReader } from "./read-statistics.ts";
import { type Ask, type PaceOptions, ReadingSchedule } from "./reading-schedule.ts";
import type { StatisticsGroup } from "./statistics-fields.ts";
import { maskOf } from "./statistics-groups.ts";

export interface CollectorOptions {
  /** What is wanted of every domain that runs. */
  readonly groups: ReadonlySet<StatisticsGroup>;
  /** How often each group is read; all in every cycle unless given. */
  readonly pace?: PaceOptions | undefined;
  /** Longest time that one call may take. */
  readonly timeoutMs: number;
  /** See {@link collectStatistics}. */
  readonly lookAfterMs?: number | undefined;
  readonly clock: Clock;
  readonly reader: StatisticsReader;
  /** Where the kernel shows this machine's processes; /proc unless given. */
  readonly procfs?: string | undefined;
}

/**
 * What is asked of a domain that does not run: that it does not. Its other groups have little to say, and the block
 * group would open its images, which on a dead storage takes for ever.
 */
const INACTIVE_GROUPS = StatsGroups.state;

/** For how long nothing more is to be learnt by another look at a process. */
const FRESH_MS = 50;

const ANSWERS: ControlInfo = { state: ControlState.ok, details: 0, stateTimeMs: 0 };

/**
 * Reads the statistics of a hypervisor's domains, a cycle at a time, so that no domain that hangs or is busy costs
 * another one anything: it is found out before it is asked where that can be seen, else by a call that does not come
 * back; then it is read without its monitor until it answers again.
 */
export class DomainCollector {
  readonly #options: CollectorOptions;
  readonly #health = new DomainHealth();
  readonly #look: ProcessLook;
  readonly #everything: Ask;
  readonly #schedule: ReadingSchedule | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#look = new ProcessLook(options.procfs);
    this.#everything = { mask: maskOf(options.groups), disks: [] };
    this.#schedule = options.pace && new ReadingSchedule(options.groups, options.pace);
  }

  /** Undefined when everything is read in every cycle. */
  get schedule(): ReadingSchedule | undefined {
    return this.#schedule;
  }

  /**
   * One cycle.
   * @throws KvmeterError when the daemon does not answer at all; the signal's reason when it is aborted
   */
  async collect(lanes: Lanes, domains: readonly DomainRef[], context: CycleContext): Promise<Collected> {
    const cycle = new CollectorCycle(lanes, domains, context);
    const active = domains.filter(isActive);
    const triage = await this.#triage(cycle, active);
    this.#plan(cycle, active);
    const asked = [...triage.ask, ...triage.alone, ...triage.suspects];
    await this.#ask(cycle, triage.ask, triage);
    await this.#examine(cycle, asked);
    await this.#askDisks(cycle, asked);

    const silent = this.#health.silent(active);
    const nowMs = this.#nowMs();
    // About a domain that the daemon keeps locked it can be asked nothing at all.
    const quiet = [...silent, ...cycle.unasked].filter(
      (domain) => !cycle.fields.has(domain.uuid) && this.#health.silenceOf(domain, nowMs)?.why !== "locked",
    );
    const options = this.#roundOptions(cycle);
    const { mask } = this.#everything;
    const inactive = domains.filter((domain) => !isActive(domain));
    cycle.problems.push(
      ...(await collectMonitorless(lanes, { ...options, domains: quiet, groups: mask })),
      ...(await collectMonitorless(lanes, { ...options, domains: inactive, groups: INACTIVE_GROUPS })),
    );
    cycle.tell(active, this.#health, this.#now());
    return cycle.collected(silent);
  }

  async #triage(cycle: CollectorCycle, active: readonly DomainRef[]): Promise<Triage> {
    const { processes, local } = cycle.context;
    const troubles = await this.#look.look(processes, seenWell(local, this.#nowMs()));
    const before = new Set(this.#health.silent(active));
    const probed = await this.#probe(
      cycle,
      active.filter((domain) => before.has(domain) || troubles.has(domain.uuid)),
    );
    const triage = this.#health.triage(active, troubles, { probed, nowMs: this.#nowMs() });
    for (const { uuid } of before) {
      const info = probed.infos.get(uuid);
      // That it answers again is told once, as the end of what was told.
      if (info !== undefined) cycle.control.set(uuid, isBlocked(info) ? info : ANSWERS);
    }
    for (const { uuid } of triage.alone) this.#schedule?.forget(uuid);
    return triage;
  }

  /** Decides what to ask of each domain in this cycle. */
  #plan(cycle: CollectorCycle, active: readonly DomainRef[]): void {
    const schedule = this.#schedule;
    schedule?.keep(active);
    const nowMs = this.#nowMs();
    for (const domain of active) {
      const ask = schedule?.ask(domain, cycle.askContext(domain, nowMs)) ?? this.#everything;
      cycle.asks.set(domain.uuid, ask);
    }
  }

  /** Asks domains by bulk calls, what their plan says unless another mask is given. */
  async #ask(
    cycle: CollectorCycle,
    domains: readonly DomainRef[],
    later: Partial<Pick<Triage, "alone" | "suspects">> & { readonly mask?: number } = {},
  ): Promise<void> {
    const { alone = [], suspects = [], mask } = later;
    const groupsOf = (domain: DomainRef): number => mask ?? this.#maskOf(cycle, domain);
    const request = { ...this.#roundOptions(cycle), domains, alone, suspects, groupsOf };
    this.#sort(cycle, await collectStatistics(cycle.lanes, request));
  }

  /** Asks the disks whose counters are asked one by one. Of a domain that refuses that, the whole group. */
  async #askDisks(cycle: CollectorCycle, asked: readonly DomainRef[]): Promise<void> {
    const disksOf = ({ uuid }: DomainRef): readonly string[] => cycle.asks.get(uuid)?.disks ?? [];
    const silent = new Set(this.#health.silent(asked));
    const domains = asked.filter((domain) => disksOf(domain).length > 0 && !silent.has(domain));
    if (domains.length === 0) return;
    const refused: DomainRef[] = [];
    const collection = await collectDisks(cycle.lanes, {
      ...this.#roundOptions(cycle),
      domains,
      disksOf,
      onCounters: (domain, counters, readAt) => {
        const lastKnown = cycle.context.lastKnown(domain);
        if (lastKnown === undefined) return;
        const names = disksOf(domain);
        cycle.keep(domain, diskCounters(counters, { names, lastKnown, readAt }));
        this.#schedule?.readDisks(domain, readAt.monotonicMs);
      },
      onRefused: (domain) => refused.push(domain),
    });
    this.#sort(cycle, collection);
    for (const domain of refused) this.#schedule?.setNeedsBulk(domain);
    await this.#ask(cycle, refused, { mask: maskOf(["block"]) });
  }

  /** Takes over what a round did not bring. */
  #sort(cycle: CollectorCycle, { hung, refused, unasked, problems }: Collection): void {
    for (const domain of refused) this.#health.setSilent(domain, "stopped", this.#nowMs());
    for (const { domain, control } of hung) {
      this.#health.setSilent(domain, control === undefined ? "locked" : "hung", this.#nowMs());
      if (control !== undefined) cycle.control.set(domain.uuid, control);
    }
    cycle.unasked.push(...unasked);
    cycle.problems.push(...problems);
  }

  /**
   * Finds the domains of which the daemon told less than before: with NOWAIT it passes over one that somebody else
   * is busy with. Where that was only for a moment they are asked again.
   */
  async #examine(cycle: CollectorCycle, asked: readonly DomainRef[]): Promise<void> {
    const suspects: DomainRef[] = [];
    for (const domain of asked) {
      const record = this.#recordOf(cycle, domain);
      if (record === undefined) continue;
      if (this.#health.isSuspect(domain, record)) suspects.push(domain);
      else this.#setWhole(cycle, domain, record);
    }
    const again: DomainRef[] = [];
    const { infos, locked } = await this.#probe(cycle, suspects);
    for (const domain of suspects) {
      if (locked.has(domain.uuid)) this.#health.setSilent(domain, "locked", this.#nowMs());
      const info = infos.get(domain.uuid);
      if (info === undefined) continue;
      if (info.state !== ControlState.ok) cycle.control.set(domain.uuid, info);
      if (isBlocked(info)) this.#health.setSilent(domain, "hung", this.#nowMs());
      else if (info.state === ControlState.ok || info.state === ControlState.occupied) again.push(domain);
    }
    for (const domain of new Set(suspects).difference(new Set(again))) cycle.setPartial(domain);
    await this.#askAgain(cycle, again);
  }

  async #askAgain(cycle: CollectorCycle, domains: readonly DomainRef[]): Promise<void> {
    // Nothing to compare with is no sign that something was left out.
    const known = domains.filter((domain) => this.#health.hasAnswered(domain, this.#maskOf(cycle, domain)));
    if (known.length > 0) await this.#ask(cycle, known);
    for (const domain of domains) {
      const record = this.#recordOf(cycle, domain);
      const wasOccupied = cycle.control.get(domain.uuid)?.state === ControlState.occupied;
      if (wasOccupied) cycle.control.delete(domain.uuid);
      if (record === undefined) continue;
      // What is missing of a domain that nobody was at is not there any more.
      if (wasOccupied && this.#health.isSuspect(domain, record)) cycle.setPartial(domain);
      else this.#setWhole(cycle, domain, record);
    }
  }

  #recordOf(cycle: CollectorCycle, domain: DomainRef): FieldCount | undefined {
    const fields = cycle.fields.get(domain.uuid);
    return fields === undefined ? undefined : { mask: this.#maskOf(cycle, domain), fields };
  }

  #maskOf(cycle: CollectorCycle, { uuid }: DomainRef): number {
    return (cycle.asks.get(uuid) ?? this.#everything).mask;
  }

  #setWhole(cycle: CollectorCycle, domain: DomainRef, record: FieldCount): void {
    this.#health.setWhole(domain, record);
    const statistics = cycle.recordOf(domain);
    this.#schedule?.read(domain, record.mask, { nowMs: this.#nowMs(), statistics });
  }

  #roundOptions(cycle: CollectorCycle) {
    const { timeoutMs, lookAfterMs, clock, reader } = this.#options;
    const recheck = (asked: readonly DomainRef[]): DomainRef[] =>
      asked.filter(({ uuid }) => {
        const process = cycle.context.processes.get(uuid);
        return process !== undefined && this.#look.isStopped(process);
      });
    return {
      timeoutMs,
      lookAfterMs,
      clock,
      recheck,
      isWanted: reader.uses,
      signal: cycle.context.signal,
      onRecord: ({ domain, parameters }: DomainStatsRecord, readAt: Instant): void => {
        if (!cycle.isListed(domain)) return;
        const inactive = !isActive(domain);
        cycle.keep(domain, reader.read(parameters, readAt, { inactive }));
        cycle.fields.set(domain.uuid, parameters.length);
      },
    };
  }

  #probe({ lanes, context }: CollectorCycle, domains: readonly DomainRef[]): Promise<Probed> {
    return lanes.control.look(domains, context.signal);
  }

  #now(): Instant {
    return this.#options.clock.now();
  }

  #nowMs(): number {
    return this.#now().monotonicMs;
  }
}

/** Domains whose main threads ran or slept a moment ago. */
function seenWell(local: ReadonlyMap<string, LocalReading>, nowMs: number): ReadonlySet<string> {
  const well = new Set<string>();
  for (const [uuid, { state, statistics }] of local) {
    const atMs = statistics.readAt.process?.monotonicMs ?? -Infinity;
    if ((state === "S" || state === "R") && nowMs - atMs < FRESH_MS) well.add(uuid);
  }
  return well;
}
