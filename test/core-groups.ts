import type { StatisticsGroup } from "../src/readings/statistics-fields.ts";
import { maskOf } from "../src/readings/statistics-groups.ts";

/** What nearly everybody reads of a domain. */
export const CORE_GROUPS: ReadonlySet<StatisticsGroup> = new Set([
  "state",
  "cpu",
  "balloon",
  "vcpu",
  "interface",
  "block",
]);

/** The same as a call names it. */
export const CORE_MASK = maskOf(CORE_GROUPS);
