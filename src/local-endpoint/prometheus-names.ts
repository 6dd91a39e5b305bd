/**
 * Names as Prometheus has them, by the rules of the OpenTelemetry specification ("Prometheus and OpenMetrics
 * Compatibility"): what is scraped here has the names that Prometheus gives to what it receives over OTLP.
 */
import type { MetricDescriptor } from "../metrics/points.ts";

/** UCUM units in words. The unit of a plain count, `1` or an annotation in braces, has none. */
const UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ["1", ""],
  ["s", "seconds"],
  ["ms", "milliseconds"],
  ["By", "bytes"],
  ["J", "joules"],
  ["W", "watts"],
  ["Hz", "hertz"],
  ["Cel", "celsius"],
  ["%", "percent"],
]);

/** The words of a unit that something is counted per. */
const PER_UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ["s", "second"],
  ["h", "hour"],
]);

/**
 * The name of a metric's family: `libvirt.domain.cpu.time`, a counter of seconds, is
 * `libvirt_domain_cpu_time_seconds_total`.
 */
export function familyName({
  name,
  unit,
  kind,
}: Omit<MetricDescriptor, "description" | "valueType">): string {
  const words = wordsOf(name);
  for (const word of unitWords(unit)) if (!words.includes(word)) words.push(word);
  if (kind === "counter") moveToEnd(words, "total");
  if (kind === "gauge" && unit === "1") moveToEnd(words, "ratio");
  const joined = words.join("_");
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

/** The name of an attribute's label: `libvirt.domain.uuid` is `libvirt_domain_uuid`. Never a reserved one. */
export function labelName(attribute: string): string {
  const name = attribute.replaceAll(/[^A-Za-z0-9]+/g, "_");
  if (/^\d/.test(name)) return `key_${name}`;
  return name.startsWith("_") || name === "" ? `key${name}` : name;
}

/** `By/s` is `bytes`, `per_second`. */
function unitWords(unit: string): string[] {
  const [main = "", per = ""] = unit.split("/", 2);
  const words = [inWords(main, UNIT_WORDS)];
  const perWord = inWords(per, PER_UNIT_WORDS);
  if (perWord !== "") words.push(`per_${perWord}`);
  return words.filter((word) => word !== "");
}

function inWords(unit: string, known: ReadonlyMap<string, string>): string {
  return unit.includes("{") ? "" : (known.get(unit) ?? wordsOf(unit).join("_"));
}

function wordsOf(text: string): string[] {
  return text.split(/[^A-Za-z0-9:]+/).filter((word) => word !== "");
}

function moveToEnd(words: string[], word: string): void {
  const at = words.indexOf(word);
  if (at >= 0) words.splice(at, 1);
  words.push(word);
}
