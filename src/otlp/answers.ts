import { bytesField, numberField, readFields, textField } from "./proto-reader.ts";

/** More of an answer is not read: what a backend says of a request fits by far. */
export const ANSWER_LIMIT_BYTES = 64 * 1024;

/** Longest wait that a backend can ask for. */
const RETRY_AFTER_LIMIT_MS = 3_600_000;

/** What every date in HTTP begins with. */
const WEEKDAY = /^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

const RETRY_INFO_TYPE = "type.googleapis.com/google.rpc.RetryInfo";

/**
 * What an ExportMetricsServiceResponse or ExportLogsServiceResponse says of a request that was taken: partial_success =
 * 1 with rejected_data_points or rejected_log_records = 1 and error_message = 2. An answer that is none says nothing.
 */
export function decodeExportResponse(
  body: Uint8Array,
  pointCount: number,
): { readonly rejectedPoints: number; readonly message: string } {
  const partialSuccess = bytesField(readFields(body), 1);
  if (partialSuccess === undefined) return { rejectedPoints: 0, message: "" };
  const fields = readFields(partialSuccess);
  const rejected = numberField(fields, 1);
  return { rejectedPoints: Math.min(Math.max(rejected, 0), pointCount), message: textField(fields, 2) };
}

/** google.rpc.Status: message = 2, details = 3 (Any), among which may be a RetryInfo: retry_delay = 1 (Duration). */
export function decodeStatus(body: Uint8Array): {
  readonly message: string;
  /** Present where the backend asks to try again, even at once. */
  readonly retryAfterMs: number | undefined;
} {
  const fields = readFields(body);
  let retryAfterMs: number | undefined;
  for (const field of fields) {
    if (field.number !== 3 || field.kind !== "bytes") continue;
    const any = readFields(field.value);
    if (textField(any, 1) !== RETRY_INFO_TYPE) continue;
    const delay = readFields(
      bytesField(readFields(bytesField(any, 2) ?? new Uint8Array()), 1) ?? new Uint8Array(),
    );
    retryAfterMs = limited(1000 * numberField(delay, 1) + numberField(delay, 2) / 1e6);
  }
  return { message: textField(fields, 2), retryAfterMs };
}

/** Retry-After (RFC 9110): seconds or a date. Undefined where it is missing or neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return limited(1000 * Number(header));
  // Date.parse finds a day in the year 2001 in "1.5" and in "-1".
  const date = WEEKDAY.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : limited(date - nowMs);
}

function limited(waitMs: number): number {
  return Math.min(Math.max(waitMs, 0), RETRY_AFTER_LIMIT_MS);
}
