import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import type { FieldUnit, READING_SCOPES, StatisticsGroup } from "./statistics-fields.ts";

type Scopes = typeof READING_SCOPES;

/** What a group of fields describes: the domain's CPU, one vCPU, one disk, one bin of a histogram. */
export type StatisticsScope = keyof Scopes;

/** The fields of a scope. */
export type StatisticsField<Scope extends StatisticsScope> = keyof Scopes[Scope]["fields"] & string;

type UnitOf<Scope extends StatisticsScope, Field> = Field extends keyof Scopes[Scope]["fields"]
  ? Scopes[Scope]["fields"][Field] extends { readonly unit: infer Unit extends FieldUnit }
    ? Unit
    : never
  : never;

type ValueOf<Unit extends FieldUnit> = Unit extends "text"
  ? string
  : Unit extends "flag"
    ? boolean
    : Unit extends "ratio" | "J" | "F"
      ? number
      : Integer;

/** What libvirt sent of one scope. A field that it did not send is undefined, never 0. */
export type StatisticsValues<Scope extends StatisticsScope> = {
  readonly [Field in StatisticsField<Scope>]?: ValueOf<UnitOf<Scope, Field>> | undefined;
};

/** One vCPU, disk, monitor …, told apart from its like by the numbers and names in its fields' names. */
export interface StatisticsItem<Scope extends StatisticsScope> {
  /** [2] of `vcpu.2.time`, [0, "read", 3] of `block.0.latency_histogram.read.bin.3.value`; [] of `cpu.time`. */
  readonly path: readonly (number | string)[];
  /** The item whose path is this one's without its last part, where the scope has a parent and it was sent. */
  readonly parent: StatisticsItem<StatisticsScope> | undefined;
  readonly values: StatisticsValues<Scope>;
}

/** One domain's statistics, as plain data. Items stand in the order in which libvirt sent them; numbers can have holes. */
export interface DomainStatistics {
  /** When each group was read; a group that was not read is absent. */
  readonly readAt: Readonly<Partial<Record<StatisticsGroup, Instant>>>;
  readonly items: { readonly [Scope in StatisticsScope]?: readonly StatisticsItem<Scope>[] };
}
