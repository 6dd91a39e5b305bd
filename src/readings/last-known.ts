import type { DomainRef } from "../libvirt/types.ts";
import { mergeStatistics, NOTHING_READ } from "./merge-statistics.ts";
import type { DomainStatistics } from "./statistics.ts";

/** What was last read of each domain, since not all is read in every cycle. */
export class LastKnown {
  #known: ReadonlyMap<string, { readonly id: number; readonly statistics: DomainStatistics }> = new Map();

  /** Undefined where nothing is known. A domain that was started again is another one. */
  get({ uuid, id }: Pick<DomainRef, "uuid" | "id">): DomainStatistics | undefined {
    const known = this.#known.get(uuid);
    return known?.id === id ? known.statistics : undefined;
  }

  /** Takes over what a cycle has read of its domains, by uuid, and forgets all others. */
  update(domains: readonly DomainRef[], statistics: ReadonlyMap<string, DomainStatistics>): void {
    this.#known = new Map(
      domains.map((domain) => {
        const { uuid, id } = domain;
        const all = mergeStatistics(this.get(domain) ?? NOTHING_READ, statistics.get(uuid) ?? NOTHING_READ);
        return [uuid, { id, statistics: all }];
      }),
    );
  }
}
