import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { paths, repositoryRoot } from "./parts.ts";
import { freePorts, isAlive, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, stateDirectory, takeDown } from "./records.ts";

/** A value of an attribute in OTLP's JSON; 64-bit integers are strings. */
export interface OtlpAnyValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

/** An attribute in OTLP's JSON. */
export interface OtlpKeyValue {
  readonly key: string;
  readonly value: OtlpAnyValue;
}

/** A point of any kind of metric; what a kind does not have is absent. */
export interface OtlpPoint {
  readonly attributes?: readonly OtlpKeyValue[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly flags?: number;
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

/** A metric in OTLP's JSON: exactly one of gauge, sum and histogram is there. */
export interface OtlpMetric {
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
  readonly gauge?: { readonly dataPoints: readonly OtlpPoint[] };
  readonly sum?: {
    readonly dataPoints: readonly OtlpPoint[];
    /** A number in OTLP's JSON, a word where protobufjs has decoded it. */
    readonly aggregationTemporality?: number | string;
    readonly isMonotonic?: boolean;
  };
  readonly histogram?: {
    readonly dataPoints: readonly OtlpPoint[];
    readonly aggregationTemporality?: number | string;
  };
}

/** A log record in OTLP's JSON. */
export interface OtlpLogRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body?: OtlpAnyValue;
  readonly attributes?: readonly OtlpKeyValue[];
}

/** One line of the collector's file exporter: a batch that it passed on. */
export interface ExportedBatch {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpKeyValue[] };
    readonly schemaUrl?: string;
    readonly scopeLogs?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly logRecords?: readonly OtlpLogRecord[];
      readonly schemaUrl?: string;
    }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpKeyValue[] };
    readonly schemaUrl?: string;
    readonly scopeMetrics?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly metrics?: readonly OtlpMetric[];
      readonly schemaUrl?: string;
    }[];
  }[];
}

/** A real OpenTelemetry Collector that runs with otel-collector-example.yaml. */
export interface Collector {
  /** As "127.0.0.1:4317". */
  readonly grpcEndpoint: string;
  /** As "127.0.0.1:4318". */
  readonly httpEndpoint: string;
  /** The collector's own metrics, in Prometheus' text format. */
  readonly ownMetricsUrl: string;
  /** What its file exporter has written so far, one batch a line. It writes once a second. */
  readExported(): Promise<ExportedBatch[]>;
  /** What it logged so far. */
  readLog(): Promise<string>;
  stop(): Promise<void>;
}

let started = 0;

const EXAMPLE = join(repositoryRoot, "otel-collector-example.yaml");

/** Starts a collector on free ports with the repository's example configuration, as it is unless it is changed. */
export async function startCollector(
  environment: NodeJS.ProcessEnv = {},
  change: (example: string) => string = (example) => example,
): Promise<Collector> {
  started += 1;
  const name = `collector-${process.pid}-${started}`;
  const directory = join(stateDirectory, name);
  const logPath = join(directory, "collector.log");
  const outputPath = join(directory, "exported.jsonl");
  const [grpc, http, health, own] = (await freePorts(4)).map((port) => `127.0.0.1:${port}`);
  await beginRecord({ name, processes: [], paths: [directory] });
  try {
    await mkdir(directory, { recursive: true });
    const configurationPath = join(directory, "collector.yaml");
    await writeFile(configurationPath, change(await readFile(EXAMPLE, "utf8")));
    const daemon = await startDaemon({
      command: paths.collector,
      args: ["--config", configurationPath],
      logPath,
      environment: {
        KVMETER_COLLECTOR_GRPC: grpc,
        KVMETER_COLLECTOR_HTTP: http,
        KVMETER_COLLECTOR_HEALTH: health,
        KVMETER_COLLECTOR_METRICS_PORT: own?.split(":")[1],
        KVMETER_COLLECTOR_FILE: outputPath,
        ...environment,
      },
    });
    recordProcess(name, daemon);
    const ready = async () => !isAlive(daemon) || (await fetch(`http://${health}/`)).ok;
    await waitFor(ready, { what: "the collector to be healthy" });
    if (!isAlive(daemon)) throw new Error(`the collector ended: ${await readFile(logPath, "utf8")}`);
  } catch (error) {
    await takeDown(name);
    throw error;
  }
  return {
    grpcEndpoint: grpc ?? "",
    httpEndpoint: http ?? "",
    ownMetricsUrl: `http://${own}/metrics`,
    readExported: () => readBatches(outputPath),
    readLog: () => readFile(logPath, "utf8"),
    stop: () => takeDown(name),
  };
}

async function readBatches(path: string): Promise<ExportedBatch[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  // What stands after the last line end is still being written.
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  return complete
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ExportedBatch);
}
