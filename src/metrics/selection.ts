import { globMatcher } from "../glob.ts";
import type { LocalReaders } from "../readings/domain-processes.ts";
import type { InventoryPart } from "../readings/inventory.ts";
import type { StatisticsGroup } from "../readings/statistics-fields.ts";
import type { StatisticsScope } from "../readings/statistics.ts";
import { METRIC_ROWS } from "./definitions.ts";
import { groupOf, SCOPES, scopesReadBy } from "./plan.ts";
import type { DomainRow, HostRow, ToldRow } from "./rows.ts";

/** Which metrics an operator wants, as patterns with `*` and `?` on their names. */
export interface MetricSelection {
  /** Switches on what is off by default. */
  readonly enable?: readonly string[];
  /** Switches off; stronger than `enable`. */
  readonly disable?: readonly string[];
}

interface Selectable {
  readonly name: string;
  readonly on: boolean;
}

/** The rows that are wanted, in their order. */
export function selectRows<Row extends Selectable>(
  rows: readonly Row[],
  { enable = [], disable = [] }: MetricSelection = {},
): Row[] {
  const enabled = globMatcher(enable);
  const disabled = globMatcher(disable);
  return rows.filter(({ name, on }) => (on || enabled(name)) && !disabled(name));
}

/** Patterns that fit no metric at all: most likely a name that is misspelt. */
export function unmatchedPatterns({ enable = [], disable = [] }: MetricSelection): string[] {
  return [...enable, ...disable].filter((pattern) => {
    const fits = globMatcher([pattern]);
    return !METRIC_ROWS.some(({ name }) => fits(name));
  });
}

/**
 * The groups of statistics that these rows need. Each one costs the guests' owners CPU time, so none is asked for
 * nothing; state is free and tells whether a domain runs.
 */
export function requiredGroups(
  rows: readonly DomainRow[],
  toldRows: readonly ToldRow[] = [],
): ReadonlySet<StatisticsGroup> {
  const groups = rows.flatMap((row): StatisticsGroup[] => {
    switch (row.from) {
      case "fields":
        return row.sources.map(({ field }) => groupOf(row.scope, field));
      case "derivations":
        return [SCOPES[row.scope].group, ...row.sources.flatMap(({ derivation }) => derivation.needs ?? [])];
      case "states":
        return [groupOf(row.scope, row.field)];
      default:
        return [SCOPES[row.scope].group];
    }
  });
  return new Set(["state", ...groups, ...toldRows.flatMap(({ needs = [] }) => needs)]);
}

/** The parts of hypervisors' inventories that these rows need: no other is asked for. */
export function requiredParts(rows: readonly ToldRow[]): ReadonlySet<InventoryPart> {
  return new Set(rows.flatMap(({ part }) => part ?? []));
}

/**
 * The scopes below others that these rows do not need. libvirt sends them all the same, with the group of the scope
 * above; whoever reads can pass over them.
 */
export function unusedScopes(rows: readonly DomainRow[]): ReadonlySet<StatisticsScope> {
  const used = scopesReadBy(rows);
  const below = (Object.keys(SCOPES) as StatisticsScope[]).filter(
    (scope) => SCOPES[scope].parent !== undefined,
  );
  return new Set(below.filter((scope) => !used.has(scope)));
}

/** What of QEMU's processes and control groups these rows need: the rest is not read. */
export function requiredLocalReaders(rows: readonly DomainRow[]): LocalReaders {
  const used = scopesReadBy(rows);
  const needsVcpus = rows.some(({ scope, from }) => scope === "process" && from === "derivations");
  return {
    process: used.has("process"),
    threads: needsVcpus || used.has("processThread") || used.has("processMemory"),
    cgroup: used.has("cgroup") || used.has("cgroupDevice"),
    numa: used.has("processMemory") || used.has("processNode"),
    disks: used.has("diskSource"),
    likeLibvirt: false,
  };
}

/** The readers of the host that these rows need, by name. */
export function requiredReaders(rows: readonly HostRow[]): ReadonlySet<StatisticsGroup> {
  return new Set(rows.map(({ scope }) => SCOPES[scope].group));
}
