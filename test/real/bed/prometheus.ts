import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { paths } from "./parts.ts";
import { endProcess, freePorts, isAlive, type ProcessName, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, stateDirectory, takeDown } from "./records.ts";

/** A series with all its raw samples, as a query for a range of time gives them. */
export interface SampledSeries {
  /** The labels, the metric's name as `__name__`. */
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

/** A real Prometheus that runs and takes OTLP. */
export interface Prometheus {
  /** As "http://127.0.0.1:9090". */
  readonly url: string;
  /** The raw samples of the last hour of all series that match, as `{__name__=~"libvirt.*"}`, without staleness markers. */
  samples(selector: string): Promise<SampledSeries[]>;
  /** What it logged so far. */
  readLog(): Promise<string>;
  /** Ends it; what it has stays on disk. */
  goAway(): Promise<void>;
  /** Starts it again where it was, with what it had. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** Names as they come; nothing is scraped, and nothing may come out of order, which is the default. */
const CONFIGURATION = `
otlp: { translation_strategy: NoTranslation }
`;

let started = 0;

/** Starts Prometheus with empty storage on a free port. */
export async function startPrometheus(): Promise<Prometheus> {
  started += 1;
  const name = `prometheus-${process.pid}-${started}`;
  const directory = join(stateDirectory, name);
  const logPath = join(directory, "prometheus.log");
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  await beginRecord({ name, processes: [], paths: [directory] });
  const args = [
    `--config.file=${join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(directory, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-otlp-receiver",
  ];
  const launch = async (): Promise<ProcessName> => {
    const daemon = await startDaemon({ command: paths.prometheus, args, logPath });
    recordProcess(name, daemon);
    const ready = async () => !isAlive(daemon) || (await fetch(`${url}/-/ready`)).ok;
    await waitFor(ready, { what: "Prometheus to be ready" });
    if (!isAlive(daemon)) throw new Error(`Prometheus ended: ${await readFile(logPath, "utf8")}`);
    return daemon;
  };
  let daemon: ProcessName;
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "prometheus.yml"), CONFIGURATION);
    daemon = await launch();
  } catch (error) {
    await takeDown(name);
    throw error;
  }
  return {
    url,
    samples: async (selector) => {
      const query = new URLSearchParams({ query: `${selector}[1h]` });
      const response = await fetch(`${url}/api/v1/query`, { method: "POST", body: query });
      const text = await response.text();
      if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
      return (JSON.parse(text) as { readonly data: { readonly result: SampledSeries[] } }).data.result;
    },
    readLog: () => readFile(logPath, "utf8"),
    goAway: () => endProcess(daemon, 20_000),
    comeBack: async () => void (daemon = await launch()),
    stop: () => takeDown(name),
  };
}
