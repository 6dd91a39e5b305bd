import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";
import type { DomainDescription, DomainProcess } from "../readings/domain.ts";
import type { HOST_SCOPES } from "../readings/host-scopes.ts";
import type { InventoryPart } from "../readings/inventory.ts";
import type { FieldUnit, READING_SCOPES, StatisticsGroup } from "../readings/statistics-fields.ts";
import type {
  DomainStatistics,
  StatisticsField,
  StatisticsScope,
  StatisticsValues,
} from "../readings/statistics.ts";
import type { Attributes, MetricKind } from "./points.ts";
import type { FieldableUnit, NumericUnit, UcumUnit, UnitOf } from "./units.ts";

/** What every row of the catalogue has. */
interface RowBase {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: UcumUnit;
  /** One sentence that an operator understands. */
  readonly description: string;
  /** Exported unless switched off; the other rows are exported when switched on. */
  readonly on: boolean;
}

type FieldUnitOf<
  Scope extends StatisticsScope,
  Field,
> = Field extends keyof (typeof READING_SCOPES)[Scope]["fields"]
  ? (typeof READING_SCOPES)[Scope]["fields"][Field] extends { readonly unit: infer Unit }
    ? Extract<Unit, FieldUnit>
    : never
  : never;

/** The fields of a scope that can be told in a unit. */
type FieldIn<Scope extends StatisticsScope, Unit extends UcumUnit> = {
  [Field in StatisticsField<Scope>]: Unit extends UnitOf<FieldUnitOf<Scope, Field>> ? Field : never;
}[StatisticsField<Scope>];

type FieldUnitFor<Unit extends UcumUnit> = {
  [Name in NumericUnit]: Unit extends UnitOf<Name> ? Name : never;
}[NumericUnit];

/**
 * Which of a scope's items a source takes, where the last part of their path is a name: `*_ns` is every name that
 * ends so, and the attribute then is what the star stands for.
 */
export interface NameRule {
  readonly only?: readonly string[];
  readonly except?: readonly string[];
}

interface SourceBase {
  /** What tells its series from those of the row's other sources. */
  readonly attributes?: Attributes;
}

type FieldSource<Scope extends StatisticsScope, Unit extends UcumUnit> =
  | (SourceBase & {
      readonly field: FieldIn<Scope, Unit>;
      readonly names?: NameRule;
      /** The value means something only while that field has that value. */
      readonly onlyWhile?: { readonly field: StatisticsField<Scope>; readonly equals: number };
    })
  | (SourceBase & {
      readonly field: StatisticsField<Scope>;
      readonly names: NameRule;
      /** The unit is told by the item's name, not by the field. */
      readonly fieldUnit: FieldUnitFor<Unit>;
    });

/** A scope's values at one reading, and whose they are. */
export interface Sample<Scope extends StatisticsScope> {
  readonly values: StatisticsValues<Scope>;
  /** When they were read. */
  readonly at: Instant;
  readonly domain: MeteredReading;
}

/** What rows are made of: a reading of a domain, or of the host. */
export interface MeteredReading {
  readonly statistics: DomainStatistics;
  /** QEMU's, of a domain. */
  readonly process?: DomainProcess | undefined;
  /** What the XML says, of a domain. */
  readonly description?: DomainDescription | undefined;
  /** Of a domain: this, and of what was not read now what was read last. */
  readonly lastKnown?: DomainStatistics;
}

/** A value that is computed, not read. */
export interface Derivation<Scope extends StatisticsScope> {
  /** For the catalogue's reader. */
  readonly source: string;
  /** Groups that must have been read beside the scope's own. */
  readonly needs?: readonly StatisticsGroup[];
  /** There is nothing to say of an item to which nothing happened since the last reading. */
  readonly comesAndGoes?: boolean;
  /** It is told by the domain's description, so that it changes with that only. */
  readonly isDescribed?: boolean;
  /** Undefined when there is nothing true to say. `before` is the same item at the last reading. */
  readonly compute: (now: Sample<Scope>, before: Sample<Scope> | undefined) => Integer | undefined;
}

interface MadeRow<Scope extends StatisticsScope> extends RowBase {
  readonly scope: Scope;
  readonly kind: Exclude<MetricKind, "histogram">;
}

interface FieldsRow<Scope extends StatisticsScope, Unit extends FieldableUnit> extends MadeRow<Scope> {
  readonly unit: Unit;
  readonly from: "fields";
  readonly sources: readonly FieldSource<Scope, Unit>[];
}

interface DerivedRow<Scope extends StatisticsScope> extends MadeRow<Scope> {
  readonly from: "derivations";
  readonly sources: readonly (SourceBase & { readonly derivation: Derivation<Scope> })[];
}

type FieldsRowInAnyUnit<Scope extends StatisticsScope, Unit> = Unit extends FieldableUnit
  ? FieldsRow<Scope, Unit>
  : never;

/** One value of every item of a scope: as libvirt sent it, in the metric's unit, or derived. */
type ValueRow<Scopes extends StatisticsScope> = {
  [Scope in Scopes]: FieldsRowInAnyUnit<Scope, FieldableUnit> | DerivedRow<Scope>;
}[Scopes];

/** One point for each named state: 1 for the current one, 0 for the others. */
interface StateRow extends RowBase {
  readonly from: "states";
  readonly scope: "state" | "vcpu" | "control" | "guestAgent" | "diskError";
  readonly kind: "updowncounter";
  readonly unit: "1";
  readonly field: "state";
  readonly attribute: string;
  readonly states: readonly string[];
}

/** One point, always 1, whose attributes name the domain's state and the reason for it. */
interface ReasonRow extends RowBase {
  readonly from: "reason";
  readonly scope: "state";
  readonly kind: "gauge";
  readonly unit: "1";
}

/** A histogram of durations from bins whose starts are nanoseconds. */
interface HistogramRow extends RowBase {
  readonly from: "bins";
  readonly scope: "diskHistogram";
  readonly kind: "histogram";
  readonly unit: "s";
}

/** A value that is told, not read from statistics: what the agent knows of itself, or of a hypervisor as a whole. */
export interface ToldRow extends RowBase {
  readonly from: "agent" | "hypervisor";
  readonly kind: MetricKind;
  readonly valueType: "int" | "double";
  /** Names of attributes that every point has. */
  readonly attributes: readonly string[];
  /** Names of those that some have. */
  readonly optionalAttributes?: readonly string[];
  /** For the catalogue's reader; the agent itself unless given. */
  readonly source?: string;
  /** Groups of the domains' statistics that it is made from. */
  readonly needs?: readonly StatisticsGroup[];
  /** The part of a hypervisor's inventory that it is made from. */
  readonly part?: InventoryPart;
}

type HostScopes = keyof typeof HOST_SCOPES;

/** A row about the host. */
export type HostRow = ValueRow<HostScopes>;

/** A row about a domain. */
export type DomainRow = ValueRow<Exclude<StatisticsScope, HostScopes>> | StateRow | ReasonRow | HistogramRow;

/** A row whose points are made of what was read. */
export type ReadRow = DomainRow | HostRow;

/** A row of the catalogue. */
export type MetricRow = ReadRow | ToldRow;
