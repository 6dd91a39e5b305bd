import { isBlocked, type Probed } from "../libvirt/control-probe.ts";
import { ControlState } from "../libvirt/procedures/control-info.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { ProcessTrouble } from "./process-look.ts";

/**
 * Why a domain is not asked through its monitor: what is seen of its process, that its QEMU did not answer, or that
 * the daemon itself keeps it locked.
 */
export type Silence = "stopped" | "waiting" | "hung" | "locked";

interface Health {
  /** The running instance: after a restart nothing of this holds. */
  readonly id: number;
  /** Fields of its last whole record of each mask of groups; fewer mean that the daemon could not ask QEMU. */
  readonly fields: Map<number, number>;
  silence: Silence | undefined;
  /** When the silence began, on the monotonic clock. */
  silentSinceMs: number;
}

/** How many fields a domain's record had that was asked for these of libvirt's groups. */
export interface FieldCount {
  readonly mask: number;
  readonly fields: number;
}

/** Who is to be asked how in this cycle. */
export interface Triage {
  /** Through their monitors, many by one call. */
  readonly ask: DomainRef[];
  /** Through their monitors, each by a call of its own, after all others. */
  readonly alone: DomainRef[];
  /** The same, as long as no call is stuck. */
  readonly suspects: DomainRef[];
  /** Not through their monitors. */
  readonly aside: DomainRef[];
}

/** What is known, from one cycle to the next, of which domains answer. */
export class DomainHealth {
  #known = new Map<string, Health>();

  /** Domains that were silent in the last cycle: their way back is to be looked at before they are asked again. */
  silent(domains: readonly DomainRef[]): DomainRef[] {
    return domains.filter((domain) => this.#recall(domain)?.silence !== undefined);
  }

  /** Sorts running domains by what their processes and, of those that were silent, CONTROL_INFO say. */
  triage(
    domains: readonly DomainRef[],
    troubles: ReadonlyMap<string, ProcessTrouble>,
    context: { readonly probed: Probed; readonly nowMs: number },
  ): Triage {
    const triage: Triage = { ask: [], alone: [], suspects: [], aside: [] };
    const known = new Map<string, Health>();
    for (const domain of domains) {
      const health = this.#recall(domain) ?? newHealth(domain.id);
      known.set(domain.uuid, health);
      triage[this.#place(domain, health, { trouble: troubles.get(domain.uuid), ...context })].push(domain);
    }
    this.#known = known;
    return triage;
  }

  /** The domain turned out not to answer. */
  setSilent(domain: DomainRef, why: Silence, nowMs: number): void {
    const health = this.#recall(domain);
    if (health !== undefined) silence(health, why, nowMs);
  }

  /** Has a record of so many fields less than the domain had before, or is there nothing to compare it with? */
  isSuspect(domain: DomainRef, { mask, fields }: FieldCount): boolean {
    const before = this.#recall(domain)?.fields.get(mask);
    return before === undefined || fields < before;
  }

  /** Has the domain ever had a whole record of these of libvirt's groups? */
  hasAnswered(domain: DomainRef, mask: number): boolean {
    return this.#recall(domain)?.fields.has(mask) === true;
  }

  /** The domain answered: so many fields are a whole record. */
  setWhole(domain: DomainRef, { mask, fields }: FieldCount): void {
    this.#recall(domain)?.fields.set(mask, fields);
  }

  /** How the domain is silent and for how long; undefined when it is not. */
  silenceOf(domain: DomainRef, nowMs: number): { readonly why: Silence; readonly ms: number } | undefined {
    const health = this.#recall(domain);
    if (health?.silence === undefined) return undefined;
    return { why: health.silence, ms: Math.max(0, Math.round(nowMs - health.silentSinceMs)) };
  }

  #place(
    { uuid }: DomainRef,
    health: Health,
    context: {
      readonly trouble: ProcessTrouble | undefined;
      readonly probed: Probed;
      readonly nowMs: number;
    },
  ): keyof Triage {
    const { trouble, probed, nowMs } = context;
    if (probed.locked.has(uuid)) {
      silence(health, "locked", nowMs);
      return "aside";
    }
    if (trouble === "stopped" || trouble === "waiting") {
      silence(health, trouble, nowMs);
      return "aside";
    }
    const { silence: before } = health;
    if (before === undefined) return trouble === "suspect" ? "suspects" : "ask";
    const info = probed.infos.get(uuid);
    // An answer that did not come is no sign of life.
    if (info === undefined || info.state === ControlState.error || isBlocked(info)) {
      silence(health, before === "locked" ? before : "hung", nowMs);
      return "aside";
    }
    health.silence = undefined;
    // A process that was let go on is as well as before; one that hung by itself may do so again.
    return before === "hung" ? "alone" : "ask";
  }

  #recall({ uuid, id }: DomainRef): Health | undefined {
    const health = this.#known.get(uuid);
    return health?.id === id ? health : undefined;
  }
}

function newHealth(id: number): Health {
  return { id, fields: new Map(), silence: undefined, silentSinceMs: 0 };
}

function silence(health: Health, why: Silence, nowMs: number): void {
  if (health.silence === undefined) health.silentSinceMs = nowMs;
  health.silence = why;
}
