import { KvmeterError } from "../errors.ts";
import { getLibVersion } from "../libvirt/procedures/get-lib-version.ts";
import { listAllDomains } from "../libvirt/procedures/list-all-domains.ts";
import type { DomainRef } from "../libvirt/types.ts";
import type { HypervisorSession } from "./hypervisor-connector.ts";

export interface DomainListOptions {
  readonly uri: string;
  /** Longest time that one call may take. */
  readonly timeoutMs: number;
  /** Is the domain of this name to be read? */
  readonly wanted: (domainName: string) => boolean;
}

/** The domains that are to be read. */
interface Listed {
  readonly domains: readonly DomainRef[];
  /** Was it asked for just now? Else it knows nothing of what happened since. */
  readonly isFresh: boolean;
}

/** The daemon lists its domains in milliseconds, or it waits for something itself. */
const PATIENCE_MS = 500;

/** How long a list may take that nobody waits for. */
const UNWATCHED_TIMEOUT_MS = 120_000;

/**
 * A hypervisor's domains. While the daemon keeps one locked, as when it destroys one that hangs, it lists none for some
 * seconds: then the last list is used, as long as the daemon is otherwise alive.
 */
export class DomainList {
  readonly #options: DomainListOptions;
  #last: { readonly session: HypervisorSession; readonly domains: readonly DomainRef[] } | undefined;

  constructor(options: DomainListOptions) {
    this.#options = options;
  }

  /**
   * @throws KvmeterError LIBVIRT_DEADLINE when there is no list; what call() throws; the signal's reason when it is
   * aborted
   */
  async read(session: HypervisorSession, signal: AbortSignal): Promise<Listed> {
    const { lanes, list, ping } = session;
    const { uri, timeoutMs, wanted } = this.#options;
    const last = this.#last?.session === session ? this.#last.domains : undefined;
    // An answer that was asked for earlier may be older than events that are here already.
    const isFresh = !list.isUnderWay;
    // Whoever has waited for this very answer before does not wait for it again.
    const patienceMs = Math.min(timeoutMs, list.isUnderWay ? PATIENCE_MS / 10 : PATIENCE_MS);
    const unwatched = { timeoutMs: UNWATCHED_TIMEOUT_MS };
    const listed = await list.within(
      last === undefined ? timeoutMs : patienceMs,
      async () => (await lanes.prompt()).call(listAllDomains, { flags: 0 }, unwatched),
      signal,
    );
    if (listed !== undefined) {
      const domains = listed.filter(({ name }) => wanted(name));
      this.#last = { session, domains };
      return { domains, isFresh };
    }
    const sign = await ping.within(
      Math.min(timeoutMs, PATIENCE_MS),
      async () => (await lanes.prompt()).call(getLibVersion, undefined, unwatched),
      signal,
    );
    if (last !== undefined && sign !== undefined) return { domains: last, isFresh: false };
    const text = `Cannot read ${uri}: the daemon does not list its domains; see whether virsh list does`;
    throw new KvmeterError("LIBVIRT_DEADLINE", text);
  }
}
