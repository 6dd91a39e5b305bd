import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import type { TypedParameter } from "../libvirt/types.ts";
import { FIELD_NAME_LIMIT, matchField } from "./field-patterns.ts";
import { type FieldUnit, READING_SCOPES, type ScopeRow, type StatisticsGroup } from "./statistics-fields.ts";
import { COMING_WITH } from "./statistics-groups.ts";
import type { DomainStatistics, StatisticsScope } from "./statistics.ts";

/** Turns a domain's part of a bulk statistics reply into plain data, by the table of fields. */
export interface StatisticsReader {
  /**
   * `readAt` is when the reply was read. A field that no pattern knows, or whose value is not of the kind that
   * its unit wants, is left out and counted. The CPU time of an inactive domain is left out as well: libvirt
   * gives its own there. Inactive is a domain whose state says shut off, or that the caller knows to be.
   */
  read(
    parameters: readonly TypedParameter[],
    readAt: Instant,
    options?: { readonly inactive?: boolean },
  ): DomainStatistics;
  /** Is a field of this name read, or at least counted as unknown? */
  uses(this: void, field: string): boolean;
  /**
   * What read() left out since this was last asked, with how many times: `vcpu.#.newcomer` of an unknown field,
   * numbers replaced, `balloon.rss (text)` of a known one with a value of the wrong kind.
   */
  takeUnknownFields(): ReadonlyMap<string, number>;
}

/** What a reader is made with. */
export interface StatisticsReaderOptions {
  /**
   * Scopes of which nothing is made. Their fields are passed over without a trace: libvirt sends them with those of
   * the scope above, and on KVM a vCPU has eight times as many fields of its own statistics as of anything else.
   */
  readonly unusedScopes?: ReadonlySet<StatisticsScope> | undefined;
}

/** Different names that are remembered. Few hosts use more than some thousand. */
export const FIELD_CACHE_LIMIT = 65_536;
/** Different unknown names that are counted apart; the rest is counted under UNKNOWN_FIELDS_REST. */
export const UNKNOWN_FIELD_LIMIT = 200;
/** What unknown names beyond the limit are counted as. */
export const UNKNOWN_FIELDS_REST = "(others)";

type Value = TypedParameter["value"];

interface OpenItem {
  path: readonly (number | string)[];
  parent: OpenItem | undefined;
  values: Record<string, Value>;
}

/** The place of one vCPU, disk …: the same object for all names of its fields, in all readings. */
interface ItemPlace {
  readonly scope: StatisticsScope;
  readonly path: readonly (number | string)[];
  readonly parent: ItemPlace | undefined;
  /** The item in the reading that is being made; undefined between readings. */
  open: OpenItem | undefined;
}

/** Where the value of a name goes. */
interface FieldPlace {
  readonly item: ItemPlace;
  readonly field: string;
  readonly unit: FieldUnit;
  readonly group: StatisticsGroup;
}

/** A name that no pattern knows has no place, and neither has a field of an unused scope. */
type Place = FieldPlace | "unknown" | "unused";

// The assignment checks that every parent in the table is a scope.
const SCOPES: Readonly<Record<StatisticsScope, ScopeRow & { readonly parent?: StatisticsScope }>> =
  READING_SCOPES;

/** VIR_DOMAIN_SHUTOFF */
const SHUT_OFF = 5;

/** A reader keeps what it learnt of the names; give each hypervisor its own. */
export function createStatisticsReader({ unusedScopes }: StatisticsReaderOptions = {}): StatisticsReader {
  const fields = new Map<string, Place>();
  const places = new Map<string, ItemPlace>();
  let unknown = new Map<string, number>();

  function count(name: string): void {
    const counted = unknown.size < UNKNOWN_FIELD_LIMIT || unknown.has(name) ? name : UNKNOWN_FIELDS_REST;
    unknown.set(counted, (unknown.get(counted) ?? 0) + 1);
  }

  function resolve(name: string): Place {
    if (fields.size >= FIELD_CACHE_LIMIT || name.length > FIELD_NAME_LIMIT) return "unknown";
    const match = matchField(name);
    let place: Place = "unknown";
    if (match !== undefined) {
      const { scope, path } = match;
      place = unusedScopes?.has(scope) === true ? "unused" : { ...match, item: placeOf(scope, path) };
    }
    fields.set(name, place);
    return place;
  }

  function placeOf(scope: StatisticsScope, path: readonly (number | string)[]): ItemPlace {
    const key = `${scope} ${path.join(" ")}`;
    let place = places.get(key);
    if (place === undefined) {
      const { parent } = SCOPES[scope];
      place = {
        scope,
        path,
        parent: parent === undefined ? undefined : placeOf(parent, path.slice(0, -1)),
        open: undefined,
      };
      places.set(key, place);
    }
    return place;
  }

  return {
    read(parameters, readAt, { inactive = false } = {}) {
      // Both at once and only between readings: an item whose place is forgotten half-way would be made twice.
      if (fields.size >= FIELD_CACHE_LIMIT) {
        fields.clear();
        places.clear();
      }
      const opened: ItemPlace[] = [];
      const items: Partial<Record<StatisticsScope, OpenItem[]>> = {};
      const readTimes: Partial<Record<StatisticsGroup, Instant>> = {};
      for (const { field: name, value } of parameters) {
        const place = fields.get(name) ?? resolve(name);
        if (place === "unused") continue;
        if (place === "unknown") {
          count(withoutNumbers(name));
          continue;
        }
        const accepted = accept(value, place.unit);
        if (accepted === undefined) {
          count(`${withoutNumbers(name)} (${kindOf(value)})`);
          continue;
        }
        const { item } = place;
        if (item.open === undefined) {
          item.open = { path: item.path, parent: undefined, values: {} };
          opened.push(item);
          const like = items[item.scope];
          // An empty array that is pushed into gets room for seventeen, and most scopes have one item.
          if (like === undefined) items[item.scope] = [item.open];
          else like.push(item.open);
        }
        item.open.values[place.field] = accepted;
        if (readTimes[place.group] === undefined) {
          for (const group of COMING_WITH.get(place.group) ?? []) readTimes[group] = readAt;
        }
      }
      for (const { open, parent } of opened) {
        if (open !== undefined && parent !== undefined) open.parent = parent.open;
      }
      for (const place of opened) place.open = undefined;

      const statistics = { readAt: readTimes, items: items as DomainStatistics["items"] };
      const shutOff = inactive || statistics.items.state?.[0]?.values.state === SHUT_OFF;
      return shutOff ? withoutCpu(statistics) : statistics;
    },

    uses: (field) => (fields.get(field) ?? resolve(field)) !== "unused",

    takeUnknownFields() {
      const taken = unknown;
      unknown = new Map();
      return taken;
    },
  };
}

/** The value as the unit wants it; undefined when it is of another kind. */
function accept(value: Value, unit: FieldUnit): Value | undefined {
  switch (unit) {
    case "text":
      return typeof value === "string" ? value : undefined;
    case "flag":
      return typeof value === "boolean" ? value : undefined;
    case "ratio":
    case "J":
    case "F":
      if (typeof value === "bigint") return Number(value);
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    default:
      return wholeNumber(value);
  }
}

// KVM's own statistics come as a number or a boolean (virsh(1), domstats --vm): both are counted alike.
function wholeNumber(value: Value): Integer | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "bigint" ? value : undefined;
}

function kindOf(value: Value): string {
  if (typeof value === "string") return "text";
  return typeof value === "boolean" ? "flag" : "number";
}

function withoutNumbers(name: string): string {
  return name.slice(0, FIELD_NAME_LIMIT).replaceAll(/(?<=\.)\d+(?=\.|$)/g, "#");
}

function withoutCpu({ readAt, items }: DomainStatistics): DomainStatistics {
  const { cpu: _cpu, haltpoll: _haltpoll, "cpu-monitor": _monitor, ...otherGroups } = readAt;
  const others = Object.entries(items).filter(([scope]) => {
    const { group } = SCOPES[scope as StatisticsScope];
    return group !== "cpu" && group !== "cpu-monitor";
  });
  return { readAt: otherGroups, items: Object.fromEntries(others) };
}
