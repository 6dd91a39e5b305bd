/**
 * Queries are written once, in PromQL with the names of the table in quotes, as Prometheus 3 and MetricsQL take them:
 * `sum by ("host.name") (rate({"libvirt.domain.disk.io", "disk.io.direction"="read"}[5m]))`. Names of recording rules
 * have a colon and no quotes.
 */
import { isLabelOf, type KnownMetric, knownMetric } from "./known-names.ts";
import type { Naming } from "./namings.ts";

const SELECTOR = /\{\s*"([^"]+)"(?!\s*[=!])\s*(?:,\s*([^}]*?)\s*)?\}/g;

/** A label, and where it is in a selector, what its value has to be. */
const LABEL = /"([^"]*)"(\s*(?:=~|!~|!=|=)\s*"[^"]*")?/g;

/** A label in a text for people: `{host.name}`. */
const PLACEHOLDER = /\{([a-z_.]+)\}/g;

/** The metrics that a query speaks of. */
export function metricsOf(query: string): KnownMetric[] {
  return Array.from(query.matchAll(SELECTOR), ([, name = ""]) => knownMetric(name));
}

/** The labels that a query speaks of. */
export function labelsOf(query: string): string[] {
  const rest = query.replaceAll(SELECTOR, (_, _name: string, matchers = "") => `{${matchers}}`);
  return Array.from(rest.matchAll(LABEL), ([, label = ""]) => label);
}

/**
 * A query in a backend's names.
 * @throws Error for a metric that is not in the table, and for a label that none of the query's metrics has.
 */
export function translate(query: string, naming: Naming): string {
  checkLabels(query);
  if (naming.quoted)
    return query.replaceAll(SELECTOR, (selector, name: string) => {
      const metric = knownMetric(name);
      return selector.replace(`"${name}"`, `"${naming.metric(metric)}${metric.suffix}"`);
    });
  return query
    .replaceAll(SELECTOR, (_, name: string, matchers?: string) => {
      const metric = knownMetric(name);
      const own = naming.metric(metric) + metric.suffix;
      return matchers === undefined ? own : `${own}{${matchers}}`;
    })
    .replaceAll(LABEL, (_, label: string, condition = "") => naming.label(label) + condition);
}

function checkLabels(query: string): void {
  const metrics = metricsOf(query);
  // What a recording rule has is checked where it is recorded.
  if (metrics.length === 0) return;
  const unknown = labelsOf(query).filter((label) => !isLabelOf(label, metrics));
  if (unknown.length > 0) throw new Error(`Cannot query ${query}: no metric in it has ${unknown.join(", ")}`);
}

/** Replaces each `{label}` of a text for people. */
export function withLabels(text: string, write: (label: string) => string): string {
  return text.replaceAll(PLACEHOLDER, (_, label: string) => write(label));
}
