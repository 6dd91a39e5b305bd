import type { Instant } from "../clock.ts";
import { isActive } from "../libvirt/domain-ref.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { type ControlInfo, ControlState } from "../libvirt/procedures/control-info.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { DomainHealth } from "./domain-health.ts";
import type { LocalReading } from "./domain-processes.ts";
import type { DomainDescription, DomainProcess } from "./domain.ts";
import { mergeStatistics, NOTHING_READ } from "./merge-statistics.ts";
import type { Ask, AskContext } from "./reading-schedule.ts";
import { controlStatistics, tellSilence, type Trouble, troubleProblems } from "./silence-report.ts";
import { READING_SCOPES, type StatisticsGroup } from "./statistics-fields.ts";
import type { DomainStatistics, StatisticsScope } from "./statistics.ts";

/** What a cycle starts from. */
export interface CycleContext {
  /** Those that can be seen on this machine. */
  readonly processes: ReadonlyMap<string, DomainProcess>;
  /** By uuid, what the kernel has told of the domains in this cycle already. */
  readonly local: ReadonlyMap<string, LocalReading>;
  readonly lastKnown: (domain: DomainRef) => DomainStatistics | undefined;
  readonly description: (uuid: string) => DomainDescription | undefined;
  /** See {@link AskContext}. */
  readonly singleDisksPay: boolean;
  readonly signal: AbortSignal;
}

/** What a cycle brought of all domains. */
export interface Collected {
  /** By uuid. What was not read of a domain in this cycle is absent. */
  readonly statistics: ReadonlyMap<string, DomainStatistics>;
  /** By uuid, domains of which libvirt told something, with what it told. */
  readonly records: ReadonlyMap<string, DomainStatistics>;
  /** Domains, by uuid, that do not answer or were not asked: nobody else should ask them either. */
  readonly silent: ReadonlySet<string>;
  /** What could not be read and why. */
  readonly problems: readonly Error[];
}

/** What one cycle has gathered so far of the domains, and what it is to ask of them. */
export class CollectorCycle {
  readonly lanes: Lanes;
  readonly context: CycleContext;
  /** What is to be asked of each domain. */
  readonly asks = new Map<string, Ask>();
  readonly problems: Error[] = [];
  /** Number of fields that each domain's last record in this cycle had. */
  readonly fields = new Map<string, number>();
  /** What is to be told of the way to a domain's QEMU. */
  readonly control = new Map<string, ControlInfo>();
  readonly unasked: DomainRef[] = [];
  readonly #statistics = new Map<string, DomainStatistics>();
  readonly #records = new Map<string, DomainStatistics>();
  /** The running instances that the list has. */
  readonly #ids: ReadonlyMap<string, number>;

  constructor(lanes: Lanes, domains: readonly DomainRef[], context: CycleContext) {
    this.lanes = lanes;
    this.#ids = new Map(domains.map(({ uuid, id }) => [uuid, id]));
    this.context = context;
    for (const domain of domains) {
      const reading = context.local.get(domain.uuid);
      if (reading !== undefined) this.#statistics.set(domain.uuid, allOf(reading, context.lastKnown(domain)));
    }
  }

  /** Takes over what libvirt told of a domain. */
  keep({ uuid }: DomainRef, record: DomainStatistics): void {
    for (const known of [this.#statistics, this.#records]) {
      const before = known.get(uuid);
      known.set(uuid, before === undefined ? record : mergeStatistics(before, record));
    }
  }

  /** The daemon could not ask QEMU, so a group of which the domain's record has nothing was not read. */
  setPartial({ uuid }: DomainRef): void {
    for (const known of [this.#statistics, this.#records]) {
      const record = known.get(uuid);
      if (record !== undefined) known.set(uuid, withoutEmptyGroups(record));
    }
  }

  /**
   * Is it the run of the domain that the list has? One that was started again since counts from zero: what is told of it
   * is for the next cycle.
   */
  isListed(domain: DomainRef): boolean {
    return !isActive(domain) || this.#ids.get(domain.uuid) === domain.id;
  }

  /** What libvirt has told of a domain. */
  recordOf({ uuid }: DomainRef): DomainStatistics | undefined {
    return this.#records.get(uuid);
  }

  /** What is known of a domain before it is decided what to ask of it. */
  askContext(domain: DomainRef, nowMs: number): AskContext {
    const { local, description, singleDisksPay } = this.context;
    const lastKnown = this.context.lastKnown(domain);
    return {
      nowMs,
      elsewhere: groupsOf(local.get(domain.uuid), lastKnown),
      lastKnown,
      description: description(domain.uuid),
      singleDisksPay,
    };
  }

  /** Puts into words and figures which domains that run did not answer. */
  tell(active: readonly DomainRef[], health: DomainHealth, now: Instant): void {
    const troubles: [DomainRef, Trouble][] = this.unasked.map((domain) => [domain, "unasked"]);
    for (const domain of active) {
      const { uuid } = domain;
      const silence = health.silenceOf(domain, now.monotonicMs);
      let info = this.control.get(uuid);
      if (silence !== undefined) {
        const told = tellSilence(silence, info, this.#statistics.get(uuid));
        info = told.control;
        troubles.push([domain, told.trouble]);
      } else if (info?.state === ControlState.job) troubles.push([domain, "busy"]);
      if (info === undefined) continue;
      const known = this.#statistics.get(uuid) ?? NOTHING_READ;
      this.#statistics.set(uuid, mergeStatistics(known, controlStatistics(info, now)));
    }
    this.problems.push(...troubleProblems(troubles));
  }

  /** All of it, when these of the domains are silent. */
  collected(silent: readonly DomainRef[]): Collected {
    return {
      statistics: this.#statistics,
      records: this.#records,
      silent: new Set([...silent, ...this.unasked].map(({ uuid }) => uuid)),
      problems: this.problems,
    };
  }
}

/** Groups that are read for scopes of their own. */
const SCOPE_GROUPS = new Set<string>(Object.values(READING_SCOPES).map(({ group }) => group));

function withoutEmptyGroups({ readAt, items }: DomainStatistics): DomainStatistics {
  const told = new Set<string>(
    Object.keys(items).map((scope) => READING_SCOPES[scope as StatisticsScope].group),
  );
  const read = Object.entries(readAt).filter(([group]) => told.has(group) || !SCOPE_GROUPS.has(group));
  return { readAt: Object.fromEntries(read), items };
}

/** What the kernel told, libvirt's own statistics among it where they can be had there. */
function allOf(
  { statistics, likeLibvirt }: LocalReading,
  lastKnown: DomainStatistics | undefined,
): DomainStatistics {
  if (likeLibvirt === undefined) return statistics;
  const { cpu, vcpu, rss, nics } = likeLibvirt;
  return mergeStatistics(statistics, cpu, vcpu, rss, nics, vcpuCountOf(vcpu, lastKnown));
}

/**
 * How many vCPUs a domain has, by the kernel, and may have, which libvirt has told of this run of it: that stays as it is
 * while it runs (virDomainSetVcpusFlags takes a new maximum for the next start only).
 */
function vcpuCountOf(
  vcpu: DomainStatistics | undefined,
  lastKnown: DomainStatistics | undefined,
): DomainStatistics | undefined {
  const current = vcpu?.items.vcpuCount?.[0]?.values.current;
  const maximum = lastKnown?.items.vcpuCount?.[0]?.values.maximum;
  if (current === undefined || maximum === undefined) return undefined;
  return {
    readAt: {},
    items: { vcpuCount: [{ path: [], parent: undefined, values: { current, maximum } }] },
  };
}

const LOCAL_GROUPS = ["cpu", "vcpu", "rss", "interface", "vcpu-count"] as const;

/** By which of them the kernel has told, a bit for each: the same sets for all domains. */
const LOCAL_GROUP_SETS: readonly ReadonlySet<StatisticsGroup>[] = Array.from(
  { length: 1 << LOCAL_GROUPS.length },
  (_, told) => new Set(LOCAL_GROUPS.filter((_group, bit) => (told & (1 << bit)) !== 0)),
);

const NO_GROUPS: ReadonlySet<StatisticsGroup> = new Set();

/** The groups of libvirt's statistics that need not be asked for. */
function groupsOf(
  reading: LocalReading | undefined,
  lastKnown: DomainStatistics | undefined,
): ReadonlySet<StatisticsGroup> {
  const likeLibvirt = reading?.likeLibvirt;
  if (likeLibvirt === undefined) return NO_GROUPS;
  const { cpu, vcpu, rss, nics } = likeLibvirt;
  let told = 0;
  for (const [bit, part] of [cpu, vcpu, rss, nics, vcpuCountOf(vcpu, lastKnown)].entries()) {
    if (part !== undefined) told |= 1 << bit;
  }
  return LOCAL_GROUP_SETS[told] ?? NO_GROUPS;
}
