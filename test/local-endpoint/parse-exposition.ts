/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;

/** The samples of a text; throws on a line that the format does not have and on a second sample of one series. */
export function parseExposition(text: string): Sample[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
  const seen = new Set<string>();
  return text
    .split("\n")
    .filter((line) => line !== "" && !/^# (HELP|TYPE) \w+ ./.test(line))
    .map((line) => {
      const [, name = "", inner = "", value = ""] = SAMPLE.exec(line) ?? fail(line);
      const labels = parseLabels(inner, line);
      const series = name + JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
      if (seen.has(series)) throw new Error(`twice: ${line}`);
      seen.add(series);
      return { name, labels, value };
    });
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = "", value = ""] = LABEL.exec(text) ?? fail(line);
    if (name in labels) fail(line);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return labels;
}

function fail(line: string): never {
  throw new Error(`not of the format: ${line}`);
}
