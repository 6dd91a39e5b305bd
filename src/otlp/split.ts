import type { ExportRequest, Signal } from "./destination.ts";

/**
 * Where the things to be shared out are, from the outside in: the numbers of the fields that hold them at each level
 * of nesting. Metrics: ResourceMetrics, ScopeMetrics, Metric, one of gauge, sum, histogram, exponential_histogram and
 * summary, data points. Logs: ResourceLogs, ScopeLogs, LogRecord.
 */
const LEVELS: Readonly<Record<Signal, readonly (readonly number[])[]>> = {
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
  logs: [[1], [2], [2]],
};

/** One field of a message, tag included. */
interface Span {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Of a length-delimited field what it holds. */
  readonly content: Uint8Array;
}

/**
 * Cuts an encoded request in two, near the middle of its bytes and as far out as it can be cut: between resources,
 * then scopes, metrics, points. Nothing is decoded but lengths. Undefined where there is only one point.
 */
export function splitRequest(body: Uint8Array, signal: Signal): ExportRequest[] | undefined {
  const levels = LEVELS[signal];
  return halve(body, levels)?.map((half) => ({ body: half, pointCount: count(half, levels), signal }));
}

function halve(message: Uint8Array, [items, ...inner]: typeof LEVELS.metrics): Uint8Array[] | undefined {
  if (items === undefined) return undefined;
  const spans = spansOf(message);
  const shared = spans.filter(({ number }) => !items.includes(number)).map(({ bytes }) => bytes);
  const parts = spans.filter(({ number }) => items.includes(number));
  const [only] = parts;
  if (only === undefined) return undefined;
  if (parts.length === 1) {
    const halves = halve(only.content, inner);
    return halves?.map((half) => Buffer.concat([...shared, field(only.number, half)]));
  }
  const middle = middleOf(parts);
  return [parts.slice(0, middle), parts.slice(middle)].map((half) =>
    Buffer.concat([...shared, ...half.map(({ bytes }) => bytes)]),
  );
}

/** How many parts make up half of the bytes; at least one is left. */
function middleOf(parts: readonly Span[]): number {
  const half = parts.reduce((sum, { bytes }) => sum + bytes.length, 0) / 2;
  let size = 0;
  const index = parts.findIndex(({ bytes }) => (size += bytes.length) >= half);
  return Math.min(index + 1, parts.length - 1);
}

function count(message: Uint8Array, [items, ...inner]: typeof LEVELS.metrics): number {
  if (items === undefined) return 1;
  let sum = 0;
  for (const { number, content } of spansOf(message)) {
    if (items.includes(number)) sum += count(content, inner);
  }
  return sum;
}

/** The fields of a message that kvmeter encoded itself; what is malformed ends the list. */
function spansOf(message: Uint8Array): Span[] {
  const spans: Span[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const wireType = tag % 8;
    let contentStart = at;
    if (wireType === 0) {
      varint();
    } else if (wireType === 2) {
      const length = varint();
      contentStart = at;
      at += length;
    } else {
      at += wireType === 1 ? 8 : 4;
    }
    if (!(at <= message.length) || wireType === 3 || wireType === 4) break;
    const bytes = message.subarray(start, at);
    spans.push({ number: Math.floor(tag / 8), bytes, content: message.subarray(contentStart, at) });
  }
  return spans;
}

function field(number: number, content: Uint8Array): Uint8Array {
  const head = [number * 8 + 2];
  let length = content.length;
  for (; length >= 128; length = Math.floor(length / 128)) head.push((length % 128) + 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), content]);
}
