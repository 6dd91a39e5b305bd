import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { paths } from "./parts.ts";
import { freePorts, isAlive, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, stateDirectory, takeDown } from "./records.ts";

/** One sample that node_exporter tells. */
export interface ExporterSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real node_exporter that runs. */
export interface NodeExporter {
  readonly pid: number;
  /** Everything it reads at this moment. */
  scrape(): Promise<readonly ExporterSample[]>;
  stop(): Promise<void>;
}

let started = 0;

/** Starts node_exporter on a free port, with the collectors for what kvmeter tells of a host. */
export async function startNodeExporter(flags: readonly string[] = []): Promise<NodeExporter> {
  started += 1;
  const name = `node-exporter-${process.pid}-${started}`;
  const directory = join(stateDirectory, name);
  const logPath = join(directory, "node-exporter.log");
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}/metrics`;
  await beginRecord({ name, processes: [], paths: [directory] });
  try {
    await mkdir(directory, { recursive: true });
    const own = [
      `--web.listen-address=127.0.0.1:${port}`,
      "--collector.interrupts",
      "--collector.ksmd",
      "--collector.meminfo_numa",
      "--collector.vmstat.fields=.*",
      "--collector.netdev.device-exclude=^$",
      "--collector.filesystem.mount-points-exclude=^$",
    ];
    const daemon = await startDaemon({ command: paths.nodeExporter, args: [...own, ...flags], logPath });
    recordProcess(name, daemon);
    const scrape = async () => parse(await (await fetch(url)).text());
    const ready = async () => !isAlive(daemon) || (await scrape()).length > 0;
    await waitFor(ready, { what: "node_exporter to answer" });
    if (!isAlive(daemon)) throw new Error(`node_exporter ended: ${await readFile(logPath, "utf8")}`);
    return { pid: daemon.pid, scrape, stop: () => takeDown(name) };
  } catch (error) {
    await takeDown(name);
    throw error;
  }
}

/** Prometheus' text format, as far as node_exporter writes it. */
function parse(text: string): ExporterSample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = Array.from(labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, key, quoted]) => [
      key,
      quoted,
    ]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}
