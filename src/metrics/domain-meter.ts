import type { HypervisorReading } from "../readings/domain.ts";
import { DOMAIN_ROWS } from "./definitions.ts";
import { type DomainSettings, LiveDomain } from "./live-domain.ts";
import { planMetrics } from "./plan.ts";
import type { Attributes, ResourcePoints } from "./points.ts";
import type { ResourceOptions } from "./resources.ts";
import type { DomainRow } from "./rows.ts";
import { selectRows } from "./selection.ts";

export interface DomainMeterOptions {
  /** The rows to export; those that are on by default unless given. */
  readonly rows?: readonly DomainRow[];
  readonly resource?: ResourceOptions;
  /**
   * Is told when a domain has two things with the same attributes, such as the images behind one disk: the first
   * is measured, the others are left out. Called when they appear, not in every reading.
   */
  readonly onDuplicate?: (domainName: string, attributes: Attributes) => void;
}

/**
 * Turns readings of one hypervisor into points. It remembers what is alive: a domain that a reading does not
 * have is forgotten, and so is what was unplugged. A domain that is there but could not be read stays, when the
 * reading has it with what is known of it.
 */
export class DomainMeter {
  readonly #settings: DomainSettings;
  #domains = new Map<string, LiveDomain>();

  constructor(options: DomainMeterOptions = {}) {
    const rows = options.rows ?? selectRows(DOMAIN_ROWS);
    this.#settings = {
      plan: planMetrics(rows),
      // libvirt gives its own CPU time as that of a domain that does not run; only the state is true of it.
      inactivePlan: planMetrics(rows.filter((row) => row.scope === "state")),
      resource: options.resource ?? {},
      onDuplicate: options.onDuplicate ?? (() => undefined),
    };
  }

  /** How many domains are remembered. */
  get domainCount(): number {
    return this.#domains.size;
  }

  /** All points of a reading, one entry for each domain that has any. */
  update(reading: HypervisorReading): ResourcePoints[] {
    const before = this.#domains;
    const alive = new Map<string, LiveDomain>();
    const all: ResourcePoints[] = [];
    for (const domain of reading.domains) {
      if (alive.has(domain.uuid)) continue;
      const live = before.get(domain.uuid) ?? new LiveDomain(domain, this.#settings);
      alive.set(domain.uuid, live);
      const points = live.update(domain, reading.identity);
      if (points.metrics.length > 0) all.push(points);
    }
    // What is only in `before` has ended: the place to say so to a backend.
    this.#domains = alive;
    return all;
  }
}
