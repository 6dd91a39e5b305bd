import { globMatcher } from "../glob.ts";
import { sortValue } from "./column.ts";
import { COLUMNS } from "./columns.ts";
import type { TopDomain } from "./top-domain.ts";

/** Which VMs are wanted, and in which order. */
export interface Selection {
  readonly filter: string;
  /** A column's id. */
  readonly sort: string;
  readonly isReversed: boolean;
}

/**
 * The VMs that the filter lets through: each of its words is in the name, uuid, state or host of the VM, in whatever
 * case, and may have `*` and `?`.
 */
function filtered(domains: readonly TopDomain[], filter: string): readonly TopDomain[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return domains;
  const matchers = words.map((word) => globMatcher([`*${word}*`]));
  return domains.filter(({ name, uuid, host, condition: { state = "" } }) => {
    const texts = [name.toLowerCase(), uuid, host.toLowerCase(), state];
    return matchers.every((matches) => texts.some(matches));
  });
}

/** What the selection leaves, sorted: numbers from the highest on, words from A on, what has no value last. */
export function sortedBy(
  domains: readonly TopDomain[],
  { filter, sort, isReversed }: Selection,
): TopDomain[] {
  const wanted = filtered(domains, filter);
  const column = COLUMNS.find(({ id }) => id === sort);
  if (column === undefined) return [...wanted];
  // They come sorted by name, and equal ones stay so.
  if (column.id === "name") return isReversed ? wanted.toReversed() : [...wanted];
  const sign = isReversed ? -1 : 1;
  return wanted
    .map((domain) => ({ domain, value: sortValue(column, domain) }))
    .toSorted((a, b) => {
      if (a.value === undefined || b.value === undefined) {
        return Number(a.value === undefined) - Number(b.value === undefined);
      }
      if (typeof a.value === "number" && typeof b.value === "number") return sign * (b.value - a.value);
      return sign * (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
    })
    .map(({ domain }) => domain);
}
