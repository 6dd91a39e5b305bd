import type { JsonHistogram, JsonMetric, JsonResource } from "../../src/metrics/json.ts";
import type { MetricRow } from "../../src/metrics/rows.ts";
import { STATISTICS_SCOPES } from "../../src/readings/statistics-fields.ts";
import { type Attributes, EXPECTATIONS, SPECIAL, UNMAPPED, type VirshDomain } from "./expectations.ts";
import { matchName } from "./field-names.ts";
import { LIBVIRT_UNITS, type Value } from "./libvirt-units.ts";
import { specialPoints } from "./special-points.ts";

/** What a comparison is about. */
export interface Comparison {
  /** As virsh showed the domain before and after kvmeter read it; the same object twice asks for equality. */
  readonly before: VirshDomain;
  readonly after: VirshDomain;
  /** The rows of the catalogue that kvmeter exported. */
  readonly rows: readonly MetricRow[];
  /** Gauges that changed meanwhile may have any value: between two readings they go up and down. */
  readonly gaugesAreFree?: boolean;
}

interface ExpectedPoint {
  readonly metric: string;
  readonly numbers: readonly Value[];
  readonly ucum: RegExp | undefined;
  readonly tolerance: number;
}

/** Half a unit of the sixth decimal, and a little for its binary form. */
const PRINTED_TOLERANCE = 0.500_001e-6;

/** What is wrong with what kvmeter says of a domain, one sentence each; empty when all is right. */
export function compare({ metrics }: Pick<JsonResource, "metrics">, comparison: Comparison): string[] {
  const { rows } = comparison;
  const compared = new Map(rows.filter(isBulk).map((row) => [row.name, row]));
  const known = new Set(rows.map(({ name }) => name));
  const low = expectedPoints(comparison.before, compared);
  const high = expectedPoints(comparison.after, compared);
  const actual = actualPoints(metrics, compared);
  return [
    ...unknownFields(comparison.before),
    ...Object.keys(metrics)
      .filter((name) => !known.has(name))
      .map((name) => `${name} is not in the catalogue`),
    ...[...actual.keys()]
      .filter((key) => !low.has(key) && !high.has(key))
      .map((key) => `${key}: no such field in virsh domstats`),
    ...[...low].flatMap(([key, from]) => {
      const to = high.get(key);
      const numbers = actual.get(key);
      if (to === undefined) return [];
      if (numbers === undefined) return [`${key}: no point, virsh has ${from.numbers.join(" ")}`];
      const metric = metrics[from.metric];
      const free = comparison.gaugesAreFree === true && metric?.kind !== "counter";
      const wrong = wrongNumbers(key, numbers, { from, to, free });
      return wrong.concat(wrongMetric(from, metric, compared.get(from.metric)));
    }),
  ];
}

/** Has virsh domstats what the row is made of? */
function isBulk(row: MetricRow): boolean {
  return row.from !== "derivations" && "scope" in row && row.scope in STATISTICS_SCOPES;
}

/** Fields that these tests know nothing of: a newer libvirt's, or a name that is misspelt here. */
export function unknownFields({ fields }: VirshDomain): string[] {
  const known = [...EXPECTATIONS.map(({ field }) => field), ...SPECIAL, ...UNMAPPED];
  return [...fields.keys()]
    .filter((name) => !known.some((pattern) => matchName(pattern, name) !== undefined))
    .map((name) => `${name} is neither mapped nor known to be left out`);
}

function expectedPoints(
  domain: VirshDomain,
  compared: ReadonlyMap<string, unknown>,
): Map<string, ExpectedPoint> {
  const points = new Map<string, ExpectedPoint>();
  for (const [name, printed] of domain.fields) {
    const found = EXPECTATIONS.map((expectation) => ({
      expectation,
      path: matchName(expectation.field, name),
    }));
    const first = found.find(({ path }) => path !== undefined);
    if (first?.path === undefined || !compared.has(first.expectation.metric)) continue;
    const { metric, unit, naming, constants, onlyWhile } = first.expectation;
    if (onlyWhile !== undefined && domain.fields.get(onlyWhile[0]) !== onlyWhile[1]) continue;
    const { ucum, value, rounded } = LIBVIRT_UNITS[unit];
    const key = pointKey(metric, { ...naming(first.path, domain), ...constants });
    const tolerance = rounded === true ? PRINTED_TOLERANCE : 0;
    points.set(key, { metric, numbers: [value(printed)], ucum, tolerance });
  }
  for (const { metric, attributes, numbers } of specialPoints(domain)) {
    if (!compared.has(metric)) continue;
    points.set(pointKey(metric, attributes), { metric, numbers, ucum: undefined, tolerance: 0 });
  }
  return points;
}

function actualPoints(
  metrics: JsonResource["metrics"],
  compared: ReadonlyMap<string, unknown>,
): Map<string, Value[]> {
  const points = new Map<string, Value[]>();
  for (const [name, { points: all }] of Object.entries(metrics)) {
    if (!compared.has(name)) continue;
    for (const { attributes, value } of all) {
      const key = pointKey(name, attributes);
      // A second point of the same series equals nothing.
      points.set(key, [...(points.get(key) ?? []), ...numbersOf(value)]);
    }
  }
  return points;
}

function numbersOf(value: Value | JsonHistogram): Value[] {
  if (typeof value !== "object") return [value];
  return [value.count, ...(value.sum === undefined ? [] : [value.sum]), ...value.bounds, ...value.buckets];
}

/** A series by name, whatever the order of its attributes. */
function pointKey(metric: string, attributes: Attributes): string {
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${metric} ${JSON.stringify(Object.fromEntries(sorted))}`;
}

function wrongNumbers(
  key: string,
  numbers: readonly Value[],
  { from, to, free }: { from: ExpectedPoint; to: ExpectedPoint; free: boolean },
): string[] {
  const unchanged = from.numbers.join(" ") === to.numbers.join(" ");
  if (free && !unchanged && numbers.length === from.numbers.length) return [];
  const right =
    numbers.length === from.numbers.length &&
    numbers.every((number, index) => {
      const [a = Number.NaN, b = Number.NaN] = [from.numbers[index], to.numbers[index]];
      return isBetween(number, [a, b], from.tolerance) || isBetween(number, [b, a], from.tolerance);
    });
  if (right) return [];
  const range = unchanged ? from.numbers.join(" ") : `${from.numbers.join(" ")} … ${to.numbers.join(" ")}`;
  return [`${key}: ${numbers.join(" ")}, virsh has ${range}`];
}

function isBetween(value: Value, [low, high]: readonly [Value, Value], tolerance: number): boolean {
  const [number, from, to] = [exact(value), exact(low), exact(high)];
  if (tolerance === 0) return from <= number && number <= to;
  return Number(from) - tolerance <= Number(number) && Number(number) <= Number(to) + tolerance;
}

/** JavaScript compares a number with a bigint exactly. */
function exact(value: Value): number | bigint {
  return typeof value === "string" ? BigInt(value) : value;
}

function wrongMetric(
  { metric: name, ucum }: ExpectedPoint,
  metric: JsonMetric | undefined,
  row: MetricRow | undefined,
): string[] {
  if (metric === undefined || row === undefined) return [];
  return [
    ...(metric.unit === row.unit ? [] : [`${name}: unit ${metric.unit}, the catalogue has ${row.unit}`]),
    ...(metric.kind === row.kind ? [] : [`${name}: kind ${metric.kind}, the catalogue has ${row.kind}`]),
    ...(ucum === undefined || ucum.test(metric.unit) ? [] : [`${name}: unit ${metric.unit} is not ${ucum}`]),
  ];
}
