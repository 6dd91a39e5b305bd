import { fileURLToPath } from "node:url";

import protobuf from "protobufjs";

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
root.resolvePath = (_origin, target) => fileURLToPath(new URL(`../../proto/${target}`, import.meta.url));
root.loadSync([
  "opentelemetry/proto/collector/metrics/v1/metrics_service.proto",
  "opentelemetry/proto/collector/logs/v1/logs_service.proto",
]);

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
