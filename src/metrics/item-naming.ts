import type { StatisticsItem, StatisticsScope } from "../readings/statistics.ts";
import { identityOf, NAMINGS } from "./item-attributes.ts";

type Item = StatisticsItem<StatisticsScope>;

/** What an item is called among its like; undefined for one that cannot be named. */
export type Name = string | number | undefined;

/** How the items of a scope are told apart, where a field says it and not the path alone. See {@link identityOf}. */
export class ItemNaming {
  readonly #scope: StatisticsScope;
  readonly #field: string;
  readonly #hasLabels: boolean;

  constructor(scope: StatisticsScope, field: string) {
    this.#scope = scope;
    this.#field = field;
    this.#hasLabels = NAMINGS[scope]?.labels !== undefined;
  }

  nameOf(item: Item): Name {
    // A text nearly always, and then nothing else has to be looked at.
    const name = (item.values as Readonly<Record<string, unknown>>)[this.#field];
    return typeof name === "string" && !this.#hasLabels ? name : identityOf(this.#scope, item);
  }
}

/** Undefined where the path alone tells the items of a scope. */
export function namingOf(scope: StatisticsScope): ItemNaming | undefined {
  const field = NAMINGS[scope]?.field;
  return field === undefined ? undefined : new ItemNaming(scope, field);
}

/** Are items with these paths in the same place? Nearly always the paths are the same object. */
export function isSamePath(a: Item["path"], b: Item["path"]): boolean {
  return a === b || (a.length === b.length && a.every((part, index) => part === b[index]));
}
