import { KvmeterError } from "../errors.ts";
import type { LibvirtConnection } from "../libvirt/connection.ts";
import { LibvirtError, LibvirtErrorCode } from "../libvirt/errors.ts";
import type { DomainEventOf } from "../libvirt/events/domain-events.ts";
import { type Failure, problemsOf } from "../libvirt/problems.ts";
import { getXmlDesc } from "../libvirt/procedures/get-xml-desc.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { descriptionFits, parseDomainXml } from "./domain-description.ts";
import type { DomainDescription } from "./domain.ts";
import type { ObservedEvent } from "./event-journal.ts";
import { sideBySide } from "./side-by-side.ts";
import type { DomainStatistics } from "./statistics.ts";

interface CachedDescription {
  /** The running instance that was described: a domain that restarts can have another XML. */
  readonly id: number;
  readonly name: string;
  /** The devices that the statistics named then. */
  readonly devices: string;
  /** Undefined when its XML cannot be understood: not asked for again until something changes. */
  readonly description: DomainDescription | undefined;
  /** The XML is another one now, says an event, or may be: an event of it may have been missed. */
  readonly isOutdated?: boolean;
}

/** Events after which a domain's XML says something else that is looked at. */
const XML_CHANGES: ReadonlySet<ObservedEvent["event"]["kind"]> = new Set([
  "deviceAdded",
  "deviceRemoved",
  "blockJob",
  "tunable",
  "metadata",
  "nicMac",
]);

/** What is known of the domains whose XML may have to be read. */
export interface RefreshContext {
  /** By uuid, what libvirt told of them in this cycle. */
  readonly statistics: ReadonlyMap<string, DomainStatistics>;
  /** No XML is begun to be read later than this. */
  readonly withinMs: number;
}

/** As many ordinary calls as a connection makes side by side; more would wait within their own deadlines. */
const READS_AT_ONCE = 3;

/** What the XML of each domain calls things, read once and again only when the domain or its devices changed. */
export class DescriptionCache {
  readonly #cached = new Map<string, CachedDescription>();

  get(uuid: string): DomainDescription | undefined {
    return this.#cached.get(uuid)?.description;
  }

  /** As {@link get}, of this run of the domain only, and nothing that an event has made doubtful. */
  current({ uuid, id }: DomainRef): DomainDescription | undefined {
    const cached = this.#cached.get(uuid);
    return cached?.id === id && cached.isOutdated !== true ? cached.description : undefined;
  }

  /** Number of domains that are remembered. */
  get size(): number {
    return this.#cached.size;
  }

  /** Nobody knows what happened to the domains: the XML of each is read again. */
  doubt(): void {
    for (const [uuid, cached] of this.#cached) this.#cached.set(uuid, { ...cached, isOutdated: true });
  }

  /** Brings up to date what events are about: of a domain to which something happened the XML is read again. */
  apply(events: readonly ObservedEvent[]): void {
    for (const { event } of events) {
      const cached = this.#cached.get(event.domain.uuid);
      if (cached === undefined) continue;
      if (event.kind === "guestAgent") this.#setAgent(cached, event);
      else if (changesDevices(event) || event.type === "defined") {
        this.#cached.set(event.domain.uuid, { ...cached, isOutdated: true });
      }
    }
  }

  /**
   * Reads the XML of every domain that is new or changed, and forgets those that are not listed any more. What there is
   * no time for is read in the next cycle. Returns what went wrong; a domain that vanished meanwhile is nothing wrong.
   */
  async refresh(
    connection: LibvirtConnection,
    domains: readonly DomainRef[],
    { statistics, withinMs }: RefreshContext,
  ): Promise<Error[]> {
    this.#forgetOthers(domains);
    const failures: Failure[] = [];
    const left: DomainRef[] = [];
    const stale = domains.filter((domain) => this.#isStale(domain, statistics.get(domain.uuid)));
    const untilMs = performance.now() + withinMs;
    await sideBySide(stale, READS_AT_ONCE, async (domain) => {
      if (performance.now() >= untilMs) left.push(domain);
      else
        await this.#read(connection, domain, { devices: devicesOf(statistics.get(domain.uuid)), failures });
    });
    if (left.length > 0) failures.push({ domains: left, error: outOfTime(withinMs) });
    return problemsOf("the XML", failures);
  }

  async #read(
    connection: LibvirtConnection,
    domain: DomainRef,
    { devices, failures }: { readonly devices: string; readonly failures: Failure[] },
  ): Promise<void> {
    const entry = { id: domain.id, name: domain.name, devices };
    try {
      const xml = await connection.call(getXmlDesc, { domain, flags: 0 });
      this.#cached.set(domain.uuid, { ...entry, description: parseDomainXml(xml, domain.name) });
    } catch (error) {
      if (error instanceof LibvirtError && error.libvirtCode === LibvirtErrorCode.noDomain) return;
      if (error instanceof KvmeterError && error.code === "DOMAIN_XML") {
        this.#cached.set(domain.uuid, { ...entry, description: undefined });
      }
      failures.push({ domains: [domain], error });
    }
  }

  #setAgent(cached: CachedDescription, { domain, detail }: DomainEventOf<"guestAgent">): void {
    if (cached.description === undefined || (detail !== "connected" && detail !== "disconnected")) return;
    this.#cached.set(domain.uuid, {
      ...cached,
      description: { ...cached.description, guestAgent: detail },
    });
  }

  #isStale(domain: DomainRef, statistics: DomainStatistics | undefined): boolean {
    // Of what could not be read at all nothing more is asked: the daemon may keep it locked.
    if (statistics === undefined) return false;
    const cached = this.#cached.get(domain.uuid);
    if (cached === undefined || cached.id !== domain.id || cached.name !== domain.name) return true;
    if (cached.isOutdated === true) return true;
    if (cached.devices === devicesOf(statistics)) return false;
    return cached.description === undefined || !descriptionFits(cached.description, statistics);
  }

  #forgetOthers(domains: readonly DomainRef[]): void {
    if (this.#cached.size === 0) return;
    const listed = new Set(domains.map(({ uuid }) => uuid));
    for (const uuid of this.#cached.keys()) if (!listed.has(uuid)) this.#cached.delete(uuid);
  }
}

function outOfTime(withinMs: number): KvmeterError {
  const text = `not all is read within ${withinMs} ms; what is left is read in the next cycle`;
  return new KvmeterError("LIBVIRT_DEADLINE", text);
}

/** The disks and NICs that statistics name, as one comparable text. */
function devicesOf(statistics: DomainStatistics | undefined): string {
  const { disk = [], nic = [] } = statistics?.items ?? {};
  return [...disk, ...nic].map(({ path, values }) => `${path[0]} ${values.name ?? ""}`).join("\n");
}

/** Does the domain have other devices or other names for them after this event? */
export function changesDevices({ kind }: ObservedEvent["event"]): boolean {
  return XML_CHANGES.has(kind);
}
