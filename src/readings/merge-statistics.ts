import type { DomainStatistics } from "./statistics.ts";

/** Of a domain of which nothing was read. */
export const NOTHING_READ: DomainStatistics = { readAt: {}, items: {} };

/** Parts of one domain's statistics as one; where several have something, the later read one counts. */
export function mergeStatistics(
  earlier: DomainStatistics,
  ...later: readonly (DomainStatistics | undefined)[]
): DomainStatistics {
  const readAt = { ...earlier.readAt };
  const items = { ...earlier.items };
  for (const part of later) {
    Object.assign(readAt, part?.readAt);
    Object.assign(items, part?.items);
  }
  return { readAt, items };
}
