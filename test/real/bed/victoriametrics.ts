import { join } from "node:path";

import { type BackendProcess, startBackendProcess } from "./backend-process.ts";
import { paths } from "./parts.ts";

/** A series with its newest value, as an instant query gives it. */
export interface QuerySample {
  /** The labels, the metric's name as `__name__`. */
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value as text. */
  readonly value: readonly [number, string];
}

/** A series with all its raw samples. */
export interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** NaN values come as null. */
  readonly values: readonly (number | null)[];
  /** Milliseconds since 1970. */
  readonly timestamps: readonly number[];
}

/** A real VictoriaMetrics that runs. */
export interface VictoriaMetrics extends BackendProcess {
  /** Where OTLP goes: HTTP with protobuf only. */
  readonly otlpMetricsUrl: string;
  /** An instant query; look back at most a minute. What was just sent needs {@link VictoriaMetrics.flush}. */
  query(promql: string): Promise<QuerySample[]>;
  /** The raw samples of all series that match, as `{__name__=~"libvirt.*"}`. */
  export(match: string): Promise<ExportedSeries[]>;
  /** Makes what was received visible to queries; a new series may take a second flush, a moment later. */
  flush(): Promise<void>;
}

/** Starts VictoriaMetrics with empty storage on a free port. Further flags go after the bed's own. */
export async function startVictoriaMetrics(flags: readonly string[] = []): Promise<VictoriaMetrics> {
  const backend = await startBackendProcess({
    title: "VictoriaMetrics",
    command: paths.victoriametrics,
    args: async ({ directory, address }) => [
      `-storageDataPath=${join(directory, "data")}`,
      `-httpListenAddr=${address}`,
      "-retentionPeriod=10y",
      // Without this the newest 30 s would be hidden; the free space left on a test machine may be small.
      "-search.latencyOffset=0s",
      "-storage.minFreeDiskSpaceBytes=1MB",
      "-memory.allowedBytes=256MB",
      ...flags,
    ],
    healthPath: "/health",
  });
  const { url } = backend;
  return {
    ...backend,
    otlpMetricsUrl: `${url}/opentelemetry/v1/metrics`,
    query: async (promql) => {
      const answer = JSON.parse(
        await ask(`${url}/api/v1/query`, { query: promql, step: "1m", nocache: "1" }),
      ) as {
        readonly data: { readonly result: QuerySample[] };
      };
      return answer.data.result;
    },
    export: async (match) => {
      const text = await ask(`${url}/api/v1/export`, { "match[]": match });
      const lines = text.split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as ExportedSeries);
    },
    flush: async () => void (await ask(`${url}/internal/force_flush`, {})),
  };
}

async function ask(url: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`${url}?${new URLSearchParams(parameters).toString()}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text;
}
