import { isDeepStrictEqual } from "node:util";

import type { FaultSpec, ReplyDamage } from "./faults.ts";
import type { ProcedureName } from "./procedure-numbers.ts";

/** The faults that are on. */
export class FaultSet {
  readonly #faults = new Map<FaultSpec, { left: number }>();
  readonly #waiters = new Map<string, { over: Promise<void>; end: () => void }>();

  add(fault: FaultSpec): void {
    this.#faults.set(fault, { left: "times" in fault ? (fault.times ?? Infinity) : Infinity });
    const hung = hungBy(fault);
    if (hung !== undefined && !this.#waiters.has(hung)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.set(hung, { over: promise, end: resolve });
    }
  }

  /** Ends the faults that equal this one, or all of them, and returns them. */
  clear(fault?: FaultSpec): FaultSpec[] {
    const cleared = [...this.#faults.keys()].filter(
      (active) => fault === undefined || isDeepStrictEqual(active, fault),
    );
    for (const active of cleared) this.#faults.delete(active);
    const hung = new Set([...this.#faults.keys()].map(hungBy));
    for (const [thing, { end }] of this.#waiters) {
      if (hung.has(thing)) continue;
      this.#waiters.delete(thing);
      end();
    }
    return cleared;
  }

  /** Fulfilled when the hang of a domain is over; undefined where it does not hang. */
  hangOf(domain: string): Promise<void> | undefined {
    return this.#waiters.get(`domain ${domain}`)?.over;
  }

  /** The same of a storage pool. */
  hangOfPool(pool: string): Promise<void> | undefined {
    return this.#waiters.get(`pool ${pool}`)?.over;
  }

  /** Does the domain's QEMU answer at once? */
  isCalm(domain: string): boolean {
    return !this.#waiters.has(`domain ${domain}`) && this.delayMs({ domain }) === 0;
  }

  /** How much longer a call takes, or what touches a domain. */
  delayMs(target: { readonly procedure: ProcedureName } | { readonly domain: string }): number {
    let ms = 0;
    for (const fault of this.#faults.keys()) {
      if (fault.kind !== "delay") continue;
      const meant =
        "domain" in target
          ? fault.domain === target.domain
          : fault.domain === undefined && (fault.procedure ?? target.procedure) === target.procedure;
      if (meant) ms += fault.ms;
    }
    return ms;
  }

  /** The number of the error with which a call of this procedure fails; uses the fault up where it is counted. */
  errorOf(procedure: ProcedureName): number | undefined {
    const fault = this.#take(procedure, (kind) => kind === "error");
    return fault?.kind === "error" ? fault.code : undefined;
  }

  /** How the reply to a call of this procedure is spoilt; uses the fault up where it is counted. */
  damageOf(procedure: ProcedureName): ReplyDamage | undefined {
    const fault = this.#take(
      procedure,
      (kind) => kind === "cut" || kind === "garbage" || kind === "oversize" || kind === "malformed",
    );
    return fault === undefined ? undefined : (fault.kind as ReplyDamage);
  }

  #take(procedure: ProcedureName, wanted: (kind: FaultSpec["kind"]) => boolean): FaultSpec | undefined {
    for (const [fault, uses] of this.#faults) {
      if (!wanted(fault.kind) || !("procedure" in fault ? fault.procedure === procedure : true)) continue;
      uses.left -= 1;
      if (uses.left <= 0) this.#faults.delete(fault);
      return fault;
    }
    return undefined;
  }
}

/** What a fault keeps from answering; undefined where it does no such thing. */
function hungBy(fault: FaultSpec): string | undefined {
  if (fault.kind === "hang") return `domain ${fault.domain}`;
  return fault.kind === "pool-hang" ? `pool ${fault.pool}` : undefined;
}
