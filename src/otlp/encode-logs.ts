import { type LogRecord, type ResourceRecords, SEVERITY_NUMBERS } from "../metrics/log-records.ts";
import { BackwardWriter } from "./backward-writer.ts";
import type { ExportRequest } from "./destination.ts";
import { writeAttributes, writeByteField, writeEnvelope } from "./envelope.ts";
import type { Scope } from "./scope.ts";
import { splitRequest } from "./split.ts";

/** Room for one resource with a few records; it grows. Records are rare: nothing is kept from one call to the next. */
const FIRST_ROOM_BYTES = 2048;

/**
 * Encodes log records as ExportLogsServiceRequests of at most `limitBytes` each, in order. A single record that is
 * larger travels alone: the backend's refusal then says what is wrong. There are no empty requests.
 */
export function encodeLogs(
  resources: readonly ResourceRecords[],
  { scope, limitBytes }: { readonly scope: Scope; readonly limitBytes: number },
): ExportRequest[] {
  const filled = resources.filter(({ records }) => records.length > 0);
  if (filled.length === 0) return [];
  const writer = new BackwardWriter(FIRST_ROOM_BYTES);
  for (const { resource, records } of filled.toReversed()) {
    writeEnvelope(writer, { resource, scope }, () => {
      for (const record of records.toReversed()) writeRecord(writer, record);
    });
  }
  const pointCount = filled.reduce((sum, { records }) => sum + records.length, 0);
  return cut({ body: writer.take(), pointCount, signal: "logs" }, limitBytes);
}

function cut(request: ExportRequest, limitBytes: number): ExportRequest[] {
  const halves = request.body.length > limitBytes ? splitRequest(request.body, "logs") : undefined;
  return halves === undefined ? [request] : halves.flatMap((half) => cut(half, limitBytes));
}

/**
 * LogRecord (opentelemetry/proto/logs/v1): time = 1, severity_number = 2, severity_text = 3, body = 5, attributes = 6,
 * observed_time = 11, event_name = 12.
 */
function writeRecord(writer: BackwardWriter, record: LogRecord): void {
  const { timeNs, observedTimeNs, eventName, severity, body, attributes } = record;
  const start = writer.size;
  writer.string(0x62, eventName);
  writer.fixed64(observedTimeNs);
  writer.byte(0x59);
  writeAttributes(writer, 0x32, attributes);
  if (body !== undefined) {
    const bodyStart = writer.size;
    writer.string(0x0a, body);
    writer.message(0x2a, bodyStart);
  }
  writer.string(0x1a, severity.toUpperCase());
  writeByteField(writer, 0x10, SEVERITY_NUMBERS[severity]);
  if (timeNs !== undefined) {
    writer.fixed64(timeNs);
    writer.byte(0x09);
  }
  writer.message(0x12, start);
}
