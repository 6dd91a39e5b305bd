import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { paths } from "./parts.ts";
import { endProcess, freePorts, isAlive, type ProcessName, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, stateDirectory, takeDown } from "./records.ts";

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
export interface VictoriaMetrics {
  /** As "http://127.0.0.1:8428". */
  readonly url: string;
  /** Where OTLP goes: HTTP with protobuf only. */
  readonly otlpMetricsUrl: string;
  /** An instant query; look back at most a minute. What was just sent needs {@link VictoriaMetrics.flush}. */
  query(promql: string): Promise<QuerySample[]>;
  /** The raw samples of all series that match, as `{__name__=~"libvirt.*"}`. */
  export(match: string): Promise<ExportedSeries[]>;
  /** Makes what was received visible to queries; a new series may take a second flush, a moment later. */
  flush(): Promise<void>;
  /** Ends it; what it has stays on disk. */
  goAway(): Promise<void>;
  /** Starts it again where it was, with what it had. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

let started = 0;

/** Starts VictoriaMetrics with empty storage on a free port. Further flags go after the bed's own. */
export async function startVictoriaMetrics(flags: readonly string[] = []): Promise<VictoriaMetrics> {
  started += 1;
  const name = `victoriametrics-${process.pid}-${started}`;
  const directory = join(stateDirectory, name);
  const logPath = join(directory, "victoriametrics.log");
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  await beginRecord({ name, processes: [], paths: [directory] });
  const own = [
    `-storageDataPath=${join(directory, "data")}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-retentionPeriod=10y",
  ];
  // Without the offset the newest 30 s would be hidden; the free space left on a test machine may be small.
  const test = [
    "-search.latencyOffset=0s",
    "-storage.minFreeDiskSpaceBytes=1MB",
    "-memory.allowedBytes=256MB",
  ];
  const launch = async (): Promise<ProcessName> => {
    const daemon = await startDaemon({
      command: paths.victoriametrics,
      args: [...own, ...test, ...flags],
      logPath,
    });
    recordProcess(name, daemon);
    const ready = async () => !isAlive(daemon) || (await fetch(`${url}/health`)).ok;
    await waitFor(ready, { what: "VictoriaMetrics to be healthy" });
    if (!isAlive(daemon)) throw new Error(`VictoriaMetrics ended: ${await readFile(logPath, "utf8")}`);
    return daemon;
  };
  let daemon: ProcessName;
  try {
    await mkdir(directory, { recursive: true });
    daemon = await launch();
  } catch (error) {
    await takeDown(name);
    throw error;
  }
  return {
    url,
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
    goAway: () => endProcess(daemon, 20_000),
    comeBack: async () => void (daemon = await launch()),
    stop: () => takeDown(name),
  };
}

async function ask(url: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`${url}?${new URLSearchParams(parameters).toString()}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text;
}
