import type { Instant } from "../clock.ts";
import { KvmeterError } from "../errors.ts";
import { nameSome } from "../libvirt/problems.ts";
import { type ControlInfo, ControlState } from "../libvirt/procedures/control-info.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { Silence } from "./domain-health.ts";
import type { DomainStatistics } from "./statistics.ts";

/** Why a domain could not be read in full. */
export type Trouble = Exclude<Silence, "locked"> | "busy" | "unasked";

const VIR_DOMAIN_PAUSED = 3;
/** virDomainPausedReason: migration, save, dump, snapshot, starting up, postcopy. libvirt is at work on the domain. */
const WORK_REASONS: ReadonlySet<number> = new Set([2, 3, 4, 9, 11, 12]);

const MEANINGS: Readonly<Record<Trouble, string>> = {
  stopped: "QEMU is stopped; send it SIGCONT, or end the debugger that holds it",
  waiting: "QEMU waits in the kernel; look at its storage",
  hung: "QEMU does not answer; look at its log, its storage and its threads",
  busy: "libvirt is busy with it: a migration, a backup, a snapshot, its end or the like",
  unasked: "calls are stuck at domains that hang, and no more were risked",
};

/**
 * What is to be told of a domain that does not answer. `told` is what CONTROL_INFO says: of a domain that nobody
 * asks, since it is known not to answer, that all is well. A domain that libvirt has paused for some work of its own
 * is busy, not hung, although its monitor looks the same.
 */
export function tellSilence(
  { why, ms }: { readonly why: Silence; readonly ms: number },
  told: ControlInfo | undefined,
  statistics: DomainStatistics | undefined,
): { readonly control: ControlInfo; readonly trouble: Trouble } {
  const seen = { state: ControlState.occupied, details: 0, stateTimeMs: ms };
  const control = told?.state === ControlState.occupied ? told : seen;
  if (why === "locked") return { control: { ...seen, state: ControlState.job }, trouble: "busy" };
  return why === "hung" && isAtWork(statistics)
    ? { control: { ...control, state: ControlState.job }, trouble: "busy" }
    : { control, trouble: why };
}

/** Has libvirt paused the domain for some work of its own? */
export function isAtWork(statistics: DomainStatistics | undefined): boolean {
  const { state, reason } = statistics?.items.state?.[0]?.values ?? {};
  return state === VIR_DOMAIN_PAUSED && WORK_REASONS.has(Number(reason));
}

/** CONTROL_INFO as a part of a domain's statistics. */
export function controlStatistics({ state, stateTimeMs }: ControlInfo, readAt: Instant): DomainStatistics {
  const item = { path: [], parent: undefined, values: { state, stateTimeMs } };
  return { readAt: { control: readAt }, items: { control: [item] } };
}

/** One problem for each kind of trouble, which names the first few of its domains. */
export function troubleProblems(troubles: readonly (readonly [DomainRef, Trouble])[]): KvmeterError[] {
  return Object.entries(MEANINGS).flatMap(([kind, meaning]) => {
    const domains = troubles.filter(([, trouble]) => trouble === kind).map(([domain]) => domain);
    if (domains.length === 0) return [];
    const text = `Cannot read all statistics of ${nameSome(domains)}: ${meaning}`;
    return [new KvmeterError("DOMAIN_SILENT", text)];
  });
}
