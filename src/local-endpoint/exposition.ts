import { add, type Integer } from "../integer.ts";
import type {
  Attributes,
  HistogramPoint,
  MetricDescriptor,
  MetricPoints,
  ResourcePoints,
} from "../metrics/points.ts";
import { familyName, labelName } from "./prometheus-names.ts";

/** The text format's content type. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The resource attributes that stand on every series. The format has no resources, so these must tell apart what
 * one agent reads: the host as well, since a domain on its way from one hypervisor to another is on both.
 */
const IDENTITY: ReadonlySet<string> = new Set(["host.name", "libvirt.domain.uuid", "libvirt.domain.name"]);

/** Characters after which a piece of text is handed over: about a millisecond's work. */
const PIECE_LENGTH = 64 * 1024;

/** How a family's type is called. A sum that can fall is a gauge to Prometheus. */
const TYPES = { counter: "counter", updowncounter: "gauge", gauge: "gauge", histogram: "histogram" } as const;

/** One metric of all resources: the format wants it in one place. */
interface Family {
  readonly metric: MetricDescriptor;
  /** Label sets that are taken: a second series with the same labels spoils the whole scrape. */
  readonly identities: Set<string>;
  readonly parts: { readonly identity: string; readonly metric: MetricPoints }[];
}

/**
 * Points in Prometheus' text format, piece by piece: a piece is made when it is asked for. Timestamps
 * are left out: a series that is not in a scrape has ended for who scrapes, and with them Prometheus would not notice
 * that.
 *
 * `hide` takes secrets out of the values of labels.
 */
export function* exposition(
  resources: readonly ResourcePoints[],
  hide: (text: string) => string = (text) => text,
): Generator<string, void> {
  const labels = new Labels(hide);
  yield* inPieces(targetInfo(resources, labels));
  yield* inPieces(samples(familiesOf(resources, labels), labels));
}

/** The same of metrics that are whole in themselves: nothing is about any resource, and none comes twice. */
export function bareExposition(
  metrics: Iterable<MetricPoints>,
  hide: (text: string) => string,
): Generator<string, void> {
  return inPieces(samples(bareFamilies(metrics), new Labels(hide)));
}

function* inPieces(texts: Iterable<string>): Generator<string, void> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

function* samples(
  families: Iterable<readonly [name: string, Pick<Family, "metric" | "parts">]>,
  labels: Labels,
): Generator<string, void> {
  for (const [name, { metric, parts }] of families) {
    yield `# HELP ${name} ${escapeHelp(metric.description)}\n# TYPE ${name} ${TYPES[metric.kind]}\n`;
    for (const { identity, metric } of parts) {
      for (const point of metric.points) {
        const own = labels.ofPoint(identity, point.series.attributes);
        yield "value" in point ? sample(name, own, point.value) : histogram(name, own, point);
      }
    }
  }
}

function* bareFamilies(
  metrics: Iterable<MetricPoints>,
): Generator<readonly [name: string, Pick<Family, "metric" | "parts">]> {
  for (const metric of metrics) {
    yield [familyName(metric.metric), { metric: metric.metric, parts: [{ identity: "", metric }] }];
  }
}

function familiesOf(resources: readonly ResourcePoints[], labels: Labels): Map<string, Family> {
  const families = new Map<string, Family>();
  const names = new Map<MetricDescriptor, string>();
  for (const { resource, metrics } of resources) {
    const identity = labels.ofIdentity(resource.attributes);
    for (const metric of metrics) {
      const name = names.get(metric.metric) ?? familyName(metric.metric);
      names.set(metric.metric, name);
      let family = families.get(name);
      if (family === undefined) {
        family = { metric: metric.metric, identities: new Set(), parts: [] };
        families.set(name, family);
      }
      if (family.identities.has(identity)) continue;
      family.identities.add(identity);
      family.parts.push({ identity, metric });
    }
  }
  return families;
}

/** All attributes of each resource, to be joined to its series by the labels that both have. */
function* targetInfo(resources: readonly ResourcePoints[], labels: Labels): Generator<string, void> {
  yield "# HELP target_info What is known of whom the series are about.\n# TYPE target_info gauge\n";
  const told = new Set<string>();
  for (const { resource } of resources) {
    const own = labels.ofResource(resource.attributes);
    if (told.has(own)) continue;
    told.add(own);
    yield sample("target_info", own, 1);
  }
}

/** Writes labels, remembering how each attribute's name is written. */
class Labels {
  readonly #hide: (text: string) => string;
  readonly #names = new Map<string, string>();

  constructor(hide: (text: string) => string) {
    this.#hide = hide;
  }

  /** `name="value",…` of the attributes that stand on every series of a resource. */
  ofIdentity(attributes: Attributes): string {
    const own = Object.entries(attributes).filter(([name]) => IDENTITY.has(name));
    return this.ofResource(Object.fromEntries(own));
  }

  /** Attributes that become the same label share it, as the specification says: an operator may have both. */
  ofResource(attributes: Attributes): string {
    const values = new Map<string, string>();
    for (const name of Object.keys(attributes).toSorted()) {
      const label = this.#name(name);
      const value = String(attributes[name]);
      const taken = values.get(label);
      values.set(label, taken === undefined ? value : `${taken};${value}`);
    }
    return Array.from(values, ([label, value]) => this.#write(label, value)).join(",");
  }

  /** The resource's own with those of one series. */
  ofPoint(identity: string, attributes: Attributes): string {
    let text = identity;
    for (const name in attributes) {
      if (IDENTITY.has(name)) continue;
      const label = this.#write(this.#name(name), String(attributes[name]));
      text += text === "" ? label : `,${label}`;
    }
    return text;
  }

  #name(attribute: string): string {
    let name = this.#names.get(attribute);
    if (name === undefined) {
      name = labelName(attribute);
      this.#names.set(attribute, name);
    }
    return name;
  }

  #write(label: string, value: string): string {
    return `${label}="${escapeValue(this.#hide(value))}"`;
  }
}

function sample(name: string, labels: string, value: Integer): string {
  return labels === "" ? `${name} ${format(value)}\n` : `${name}{${labels}} ${format(value)}\n`;
}

/** Buckets count what is in those below them, too. */
function histogram(
  name: string,
  labels: string,
  { count, sum, bounds, bucketCounts }: HistogramPoint,
): string {
  const before = labels === "" ? "" : `${labels},`;
  let text = "";
  let below: Integer = 0;
  bounds.forEach((bound, index) => {
    below = add(below, bucketCounts[index] ?? 0);
    text += sample(`${name}_bucket`, `${before}le="${format(bound)}"`, below);
  });
  text += sample(`${name}_bucket`, `${before}le="+Inf"`, count);
  if (sum !== undefined) text += sample(`${name}_sum`, labels, sum);
  return text + sample(`${name}_count`, labels, count);
}

function format(value: Integer): string {
  if (typeof value === "bigint" || Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

function escapeValue(text: string): string {
  return /["\\\n]/.test(text)
    ? text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    : text;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
