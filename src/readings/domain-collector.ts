import type { Clock, Instant } from "../clock.ts";
import { collectMonitorless, collectStatistics } from "../libvirt/collect.ts";
import { isBlocked, type Probed } from "../libvirt/control-probe.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { type ControlInfo, ControlState } from "../libvirt/procedures/control-info.ts";
import { StatsGroups } from "../libvirt/procedures/get-all-domain-stats.ts";
import type { DomainRef, DomainStatsRecord } from "../libvirt/types.ts";
import { DomainHealth, type Triage } from "./domain-health.ts";
import type { DomainProcess } from "./domain.ts";
import { mergeStatistics } from "./merge-statistics.ts";
import { ProcessLook } from "./process-look.ts";
import type { StatisticsReader } from "./read-statistics.ts";
import { controlStatistics, tellSilence, type Trouble, troubleProblems } from "./silence-report.ts";
import type { DomainStatistics } from "./statistics.ts";

export interface CollectorOptions {
  /** {@link StatsGroups}, or-ed: what is wanted of every domain that runs. */
  readonly groups: number;
  /** Longest time that one call may take. */
  readonly timeoutMs: number;
  /** See {@link collectStatistics}. */
  readonly lookAfterMs?: number | undefined;
  readonly clock: Clock;
  readonly reader: StatisticsReader;
}

/** What a cycle brought of all domains. */
export interface Collected {
  /** By uuid. What could not be read of a domain is absent. */
  readonly statistics: ReadonlyMap<string, DomainStatistics>;
  /** What could not be read and why. */
  readonly problems: readonly Error[];
}

/**
 * What is asked of a domain that does not run: that it does not. Its other groups have little to say, and the block
 * group would open its images, which on a dead storage takes for ever.
 */
const INACTIVE_GROUPS = StatsGroups.state;

const ANSWERS: ControlInfo = { state: ControlState.ok, details: 0, stateTimeMs: 0 };

/** One cycle's way through the domains. */
interface Cycle {
  readonly lanes: Lanes;
  readonly signal: AbortSignal;
  /** Those that can be seen on this machine. */
  readonly processes: ReadonlyMap<string, DomainProcess>;
  readonly statistics: Map<string, DomainStatistics>;
  readonly problems: Error[];
  /** Number of fields that each domain's last record in this cycle had. */
  readonly fields: Map<string, number>;
  /** What is to be told of the way to a domain's QEMU. */
  readonly control: Map<string, ControlInfo>;
  readonly unasked: DomainRef[];
}

/**
 * Reads the statistics of a hypervisor's domains, a cycle at a time, so that no domain that hangs or is busy costs
 * another one anything: it is found out before it is asked where that can be seen, else by a call that does not come
 * back; then it is read without its monitor until it answers again.
 */
export class DomainCollector {
  readonly #options: CollectorOptions;
  readonly #health = new DomainHealth();
  readonly #look = new ProcessLook();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /**
   * One cycle. `processes` are those that can be seen on this machine.
   * @throws KvmeterError when the daemon does not answer at all; the signal's reason when it is aborted
   */
  async collect(
    lanes: Lanes,
    domains: readonly DomainRef[],
    context: { readonly processes: ReadonlyMap<string, DomainProcess>; readonly signal: AbortSignal },
  ): Promise<Collected> {
    const { signal, processes } = context;
    const cycle: Cycle = {
      lanes,
      signal,
      processes,
      statistics: new Map(),
      problems: [],
      fields: new Map(),
      control: new Map(),
      unasked: [],
    };
    const active = domains.filter(isActive);
    const triage = await this.#triage(cycle, active);
    await this.#ask(cycle, triage.ask, triage);
    await this.#examine(cycle, [...triage.ask, ...triage.alone, ...triage.suspects]);

    const silent = this.#health.silent(active);
    // About a domain that the daemon keeps locked it can be asked nothing at all.
    const quiet = [...silent, ...cycle.unasked].filter(
      (domain) => !cycle.fields.has(domain.uuid) && this.#silenceOf(domain)?.why !== "locked",
    );
    const request = this.#request(cycle, quiet);
    cycle.problems.push(
      ...(await collectMonitorless(lanes, request)),
      ...(await collectMonitorless(lanes, {
        ...request,
        domains: domains.filter((domain) => !isActive(domain)),
        groups: INACTIVE_GROUPS,
      })),
    );
    this.#tell(cycle, active, silent);
    return cycle;
  }

  async #triage(cycle: Cycle, active: readonly DomainRef[]): Promise<Triage> {
    const troubles = await this.#look.look(cycle.processes);
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
    return triage;
  }

  /** Asks domains through their monitors. */
  async #ask(
    cycle: Cycle,
    domains: readonly DomainRef[],
    later: Partial<Pick<Triage, "alone" | "suspects">> = {},
  ): Promise<void> {
    const { lookAfterMs } = this.#options;
    const { alone = [], suspects = [] } = later;
    const recheck = (asked: readonly DomainRef[]): DomainRef[] =>
      asked.filter(({ uuid }) => {
        const process = cycle.processes.get(uuid);
        return process !== undefined && this.#look.isStopped(process);
      });
    const request = { ...this.#request(cycle, domains), alone, suspects, lookAfterMs, recheck };
    const { hung, refused, unasked, problems } = await collectStatistics(cycle.lanes, request);
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
  async #examine(cycle: Cycle, asked: readonly DomainRef[]): Promise<void> {
    const suspects: DomainRef[] = [];
    for (const domain of asked) {
      const fields = cycle.fields.get(domain.uuid);
      if (fields === undefined) continue;
      if (this.#health.isSuspect(domain, fields)) suspects.push(domain);
      else this.#health.setWhole(domain, fields);
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
    await this.#askAgain(cycle, again);
  }

  async #askAgain(cycle: Cycle, domains: readonly DomainRef[]): Promise<void> {
    // Nothing to compare with is no sign that something was left out.
    const known = domains.filter((domain) => this.#health.hasAnswered(domain));
    if (known.length > 0) await this.#ask(cycle, known);
    for (const domain of domains) {
      const fields = cycle.fields.get(domain.uuid);
      if (fields !== undefined) this.#health.setWhole(domain, fields);
      if (cycle.control.get(domain.uuid)?.state === ControlState.occupied) cycle.control.delete(domain.uuid);
    }
  }

  /** Puts into words and figures which domains did not answer. */
  #tell(cycle: Cycle, active: readonly DomainRef[], silent: readonly DomainRef[]): void {
    const troubles: [DomainRef, Trouble][] = cycle.unasked.map((domain) => [domain, "unasked"]);
    for (const domain of silent) {
      const silence = this.#silenceOf(domain);
      if (silence === undefined) continue;
      const { uuid } = domain;
      const told = tellSilence(silence, cycle.control.get(uuid), cycle.statistics.get(uuid));
      cycle.control.set(uuid, told.control);
      troubles.push([domain, told.trouble]);
    }
    for (const domain of active) {
      const info = cycle.control.get(domain.uuid);
      if (info === undefined) continue;
      if (info.state === ControlState.job && !silent.includes(domain)) troubles.push([domain, "busy"]);
      const known = cycle.statistics.get(domain.uuid) ?? { readAt: {}, items: {} };
      cycle.statistics.set(domain.uuid, mergeStatistics(known, controlStatistics(info, this.#now())));
    }
    cycle.problems.push(...troubleProblems(troubles));
  }

  #request(cycle: Cycle, domains: readonly DomainRef[]) {
    const { groups, timeoutMs, clock, reader } = this.#options;
    return {
      domains,
      groups,
      timeoutMs,
      clock,
      isWanted: reader.uses,
      signal: cycle.signal,
      onRecord: ({ domain, parameters }: DomainStatsRecord, readAt: Instant): void => {
        const inactive = !isActive(domain);
        cycle.statistics.set(domain.uuid, reader.read(parameters, readAt, { inactive }));
        cycle.fields.set(domain.uuid, parameters.length);
      },
    };
  }

  #probe({ lanes, signal }: Cycle, domains: readonly DomainRef[]): Promise<Probed> {
    return lanes.control.look(domains, signal);
  }

  #silenceOf(domain: DomainRef) {
    return this.#health.silenceOf(domain, this.#nowMs());
  }

  #now(): Instant {
    return this.#options.clock.now();
  }

  #nowMs(): number {
    return this.#now().monotonicMs;
  }
}

/** Does it run? An inactive domain has no id. */
export function isActive({ id }: DomainRef): boolean {
  return id !== -1;
}
