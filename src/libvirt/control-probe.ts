import type { LibvirtConnection } from "./connection.ts";
import { LibvirtError } from "./errors.ts";
import { controlInfo, type ControlInfo, ControlState } from "./procedures/control-info.ts";
import { SingleCall } from "./single-call.ts";
import type { DomainRef } from "./types.ts";

/** A healthy QEMU answers a monitor command in a millisecond; one that is busy for longer than this is not asked. */
const OCCUPIED_LIMIT_MS = 500;

/** The daemon answers from memory; one that takes longer than this waits for something itself. */
const ANSWER_LIMIT_MS = 250;

/** How long an answer may take that nobody waits for: longer than anything that the daemon does under a lock. */
const UNWATCHED_TIMEOUT_MS = 120_000;

/** The daemon has five workers for calls of high priority, for all clients. */
const UNANSWERED_LIMIT = 2;

/** What is known of the ways to some domains' QEMU. One that does not run any more is in neither. */
export interface Probed {
  /** CONTROL_INFO, by uuid. */
  readonly infos: ReadonlyMap<string, ControlInfo>;
  /**
   * Domains, by uuid, that the daemon keeps locked, as it does one that it destroys while its QEMU hangs: for some
   * fifteen seconds every call about it waits, those that need no QEMU included.
   */
  readonly locked: ReadonlySet<string>;
}

/** Asks CONTROL_INFO, which needs no QEMU, so that not even a domain that the daemon keeps locked holds it up. */
export class ControlProbe {
  readonly #connection: () => Promise<LibvirtConnection>;
  readonly #unanswered = new Map<string, SingleCall<ControlInfo>>();

  /** `connection` gives one with a place for a call of high priority. */
  constructor(connection: () => Promise<LibvirtConnection>) {
    this.#connection = connection;
  }

  /**
   * Looks at domains one after another, a hundred in some ten milliseconds. When two are locked the others are left
   * out: nothing is known of them.
   * @throws KvmeterError LIBVIRT_DISCONNECTED, LIBVIRT_PROTOCOL; the signal's reason when it is aborted
   */
  async look(domains: readonly DomainRef[], signal?: AbortSignal): Promise<Probed> {
    const infos = new Map<string, ControlInfo>();
    const locked = new Set<string>();
    for (const domain of domains) {
      const key = `${domain.uuid} ${domain.id}`;
      if (this.#unanswered.get(key)?.isUnderWay === true) {
        locked.add(domain.uuid);
        continue;
      }
      this.#unanswered.delete(key);
      if (this.#countUnanswered() >= UNANSWERED_LIMIT) continue;
      const call = new SingleCall<ControlInfo>();
      try {
        const info = await call.within(ANSWER_LIMIT_MS, () => this.#ask(domain), signal);
        if (info !== undefined) infos.set(domain.uuid, info);
        else {
          this.#unanswered.set(key, call);
          locked.add(domain.uuid);
        }
      } catch (error) {
        if (!(error instanceof LibvirtError)) throw error;
      }
    }
    return { infos, locked };
  }

  async #ask(domain: DomainRef): Promise<ControlInfo> {
    const connection = await this.#connection();
    return connection.call(controlInfo, { domain }, { timeoutMs: UNWATCHED_TIMEOUT_MS });
  }

  #countUnanswered(): number {
    for (const [key, call] of this.#unanswered) if (!call.isUnderWay) this.#unanswered.delete(key);
    return this.#unanswered.size;
  }
}

/** Is somebody at the monitor for so long that asking too would only wait behind a QEMU that does not answer? */
export function isBlocked({ state, stateTimeMs }: ControlInfo): boolean {
  return state === ControlState.occupied && stateTimeMs >= OCCUPIED_LIMIT_MS;
}
