import { catalogue } from "../../../src/metrics/catalogue.ts";
import type { MetricKind } from "../../../src/metrics/points.ts";
import type { NamedMetric } from "./namings.ts";
import { PENDING_ROWS } from "./pending-rows.ts";

/** A metric that a query may speak of. */
export interface KnownMetric extends NamedMetric {
  readonly attributes: readonly string[];
  /** What a query appends to its name: the parts of a histogram. */
  readonly suffix: string;
}

/** Resource attributes that queries use. They are labels everywhere; config/dashboards/README.md says how. */
const IDENTITY: ReadonlySet<string> = new Set(["host.name", "libvirt.domain.name", "libvirt.domain.uuid"]);

const HISTOGRAM_PARTS: Readonly<Record<string, readonly string[]>> = {
  histogram: ["_bucket", "_count", "_sum"],
} satisfies Partial<Record<MetricKind, readonly string[]>>;

const METRICS: ReadonlyMap<string, KnownMetric> = new Map(
  [
    ...catalogue().map(({ name, unit, kind, attributes }) => ({
      name,
      unit,
      kind,
      attributes: attributes.map((attribute) => attribute.name),
    })),
    ...PENDING_ROWS,
  ].flatMap(({ name, unit, kind, attributes }) =>
    (HISTOGRAM_PARTS[kind] ?? [""]).map((suffix): [string, KnownMetric] => [
      name + suffix,
      { name, unit, kind, attributes: suffix === "_bucket" ? [...attributes, "le"] : attributes, suffix },
    ]),
  ),
);

/**
 * The metric of a name in a query.
 * @throws Error for a name that is not in the table: a dashboard or rule is wrong.
 */
export function knownMetric(name: string): KnownMetric {
  const metric = METRICS.get(name);
  if (metric === undefined) throw new Error(`Cannot query "${name}": no row of the table has that name`);
  return metric;
}

/** Whether a label is an attribute of one of the metrics, or of all resources. */
export function isLabelOf(label: string, metrics: readonly KnownMetric[]): boolean {
  return IDENTITY.has(label) || metrics.some(({ attributes }) => attributes.includes(label));
}
