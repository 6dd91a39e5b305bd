import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type BackendProcess, startBackendProcess } from "./backend-process.ts";
import { paths } from "./parts.ts";

/** A series with all its raw samples, as a query for a range of time gives them. */
export interface SampledSeries {
  /** The labels, the metric's name as `__name__`. */
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

/** A real Prometheus that runs and takes OTLP. */
export interface Prometheus extends BackendProcess {
  /** The raw samples of the last hour of all series that match, as `{__name__=~"libvirt.*"}`, without staleness markers. */
  samples(selector: string): Promise<SampledSeries[]>;
}

/** Names as they come; nothing is scraped, and nothing may come out of order, which is the default. */
const CONFIGURATION = `
otlp: { translation_strategy: NoTranslation }
`;

/** Starts Prometheus with empty storage on a free port. */
export async function startPrometheus(): Promise<Prometheus> {
  const backend = await startBackendProcess({
    title: "Prometheus",
    command: paths.prometheus,
    args: async ({ directory, address }) => {
      await writeFile(join(directory, "prometheus.yml"), CONFIGURATION);
      return [
        `--config.file=${join(directory, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=${address}`,
        "--web.enable-otlp-receiver",
      ];
    },
    healthPath: "/-/ready",
  });
  return {
    ...backend,
    samples: async (selector) => {
      const query = new URLSearchParams({ query: `${selector}[1h]` });
      const response = await fetch(`${backend.url}/api/v1/query`, { method: "POST", body: query });
      const text = await response.text();
      if (!response.ok) throw new Error(`${backend.url}: ${response.status} ${text}`);
      return (JSON.parse(text) as { readonly data: { readonly result: SampledSeries[] } }).data.result;
    },
  };
}
