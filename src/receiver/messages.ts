import protobuf from "protobufjs";

import { readOwnFile } from "../own-files.ts";

/** Attributes by key. */
export type ReceivedAttributes = Readonly<Record<string, string | number | boolean>>;

/** An AnyValue as protobufjs gives it, with 64-bit numbers as strings; of the kinds that kvmeter sends. */
export interface ProtoValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
}

export interface ProtoKeyValue {
  readonly key: string;
  readonly value?: ProtoValue;
}

/** The official messages of OTLP. */
const root = new protobuf.Root();
const loaded = new Set<string>();
load("opentelemetry/proto/collector/metrics/v1/metrics_service.proto");
load("opentelemetry/proto/collector/logs/v1/logs_service.proto");
root.resolveAll();

/** protobufjs would read the files itself, and the single executable has none. */
function load(file: string): void {
  if (loaded.has(file)) return;
  loaded.add(file);
  protobuf.parse(readOwnFile(`proto/${file}`), root).imports?.forEach(load);
}

/**
 * A decoder of one kind of request. It takes protobufjs and the official messages: nothing is shared with the encoder,
 * so that what is shown as received is what another program would have read.
 *
 * @param name as `metrics.v1.ExportMetricsServiceRequest`, in `opentelemetry.proto.collector`
 */
export function decoderOf(name: string) {
  const type = root.lookupType(`opentelemetry.proto.collector.${name}`);
  return (body: Uint8Array) => type.toObject(type.decode(body), { longs: String });
}

export function attributesOf(pairs: readonly ProtoKeyValue[] = []): ReceivedAttributes {
  return Object.fromEntries(pairs.map(({ key, value = {} }) => [key, valueOf(value)]));
}

/** What an AnyValue holds. */
export function valueOf({
  stringValue,
  boolValue,
  intValue,
  doubleValue,
}: ProtoValue): string | number | boolean {
  return stringValue ?? boolValue ?? doubleValue ?? Number(intValue);
}
