import type { DomainStatistics } from "./statistics.ts";

/** Of a domain of which nothing was read. */
export const NOTHING_READ: DomainStatistics = { readAt: {}, items: {} };

/** Two parts of one domain's statistics as one; where both have something, the later read one counts. */
export function mergeStatistics(earlier: DomainStatistics, later: DomainStatistics): DomainStatistics {
  return {
    readAt: { ...earlier.readAt, ...later.readAt },
    items: { ...earlier.items, ...later.items },
  };
}
