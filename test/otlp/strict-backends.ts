import { createServer, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";

import { decodeRequest, type ProtoMetric, type ProtoPoint, type ProtoRequest } from "./official-proto.ts";
import { drain, listen } from "./servers.ts";

/** What a backend insists on, by its documentation. */
export interface Rules {
  readonly path: string;
  /** Without it nothing is taken. */
  readonly requiredHeader?: string;
  /** Before compression. */
  readonly limitBytes: number;
  /** Status and words for a request that it does not take. */
  readonly check: (request: ProtoRequest, series: Map<string, bigint>) => string | undefined;
}

const refuseCumulative: Rules["check"] = (request) =>
  first(metricsOf(request), ({ metric }) => (isCumulativeCounter(metric) ? metric.name : undefined));

/** Datadog's intake: 500 kB, and no sum or histogram that is cumulative where it could be a delta. */
export const DATADOG: Rules = {
  path: "/v1/metrics",
  requiredHeader: "dd-api-key",
  limitBytes: 500_000,
  check: refuseCumulative,
};

/** New Relic's: 1 MB. It takes cumulative counters, too, but what it recommends is sent. */
export const NEW_RELIC: Rules = {
  path: "/v1/metrics",
  requiredHeader: "api-key",
  limitBytes: 1_000_000,
  check: refuseCumulative,
};

/**
 * Prometheus: no delta, no point that is not newer than the last of its series, and a series is told from another
 * by job, instance and the point's attributes. It makes a series of each resource, target_info, with samples from the
 * first to the last time in the request. One point out of order, and nothing of the request is taken.
 */
export const PROMETHEUS: Rules = {
  path: "/api/v1/otlp/v1/metrics",
  limitBytes: 32 * 1024 * 1024,
  check: (request, series) => {
    const taken = new Map<string, bigint>();
    const late = first(request.resourceMetrics ?? [], (resource) =>
      lateResource(resource, { taken, series }),
    );
    const refusal =
      late ??
      first(metricsOf(request), ({ metric, instance }) => {
        const data = metric.sum ?? metric.histogram;
        if (data?.aggregationTemporality === "AGGREGATION_TEMPORALITY_DELTA") return `delta: ${metric.name}`;
        return first(pointsOf(metric), (point) => {
          const key = `${instance} ${metric.name} ${JSON.stringify(point.attributes ?? [])}`;
          const timeMs = millisecondOf(point);
          const last = taken.get(key) ?? series.get(key) ?? -1n;
          taken.set(key, timeMs);
          return timeMs > last ? undefined : `out of order by ${last - timeMs} ms: ${key}`;
        });
      });
    if (refusal === undefined) for (const [key, timeMs] of taken) series.set(key, timeMs);
    return refusal;
  },
};

function lateResource(
  resource: NonNullable<ProtoRequest["resourceMetrics"]>[number],
  { taken, series }: Readonly<Record<"taken" | "series", Map<string, bigint>>>,
): string | undefined {
  const metrics = Array.from(metricsOf({ resourceMetrics: [resource] }));
  const timesMs = metrics
    .flatMap(({ metric }) => pointsOf(metric).map(millisecondOf))
    .toSorted((a, b) => Number(a - b));
  const [firstMs = 0n, lastMs = 0n] = [timesMs[0], timesMs.at(-1)];
  const key = `target_info ${JSON.stringify(resource.resource.attributes)}`;
  const beforeMs = taken.get(key) ?? series.get(key) ?? 0n;
  taken.set(key, lastMs);
  return firstMs < beforeMs ? `out of order by ${beforeMs - firstMs} ms: ${key}` : undefined;
}

function millisecondOf({ timeUnixNano }: ProtoPoint): bigint {
  return BigInt(timeUnixNano) / 1_000_000n;
}

/** What a strict backend took and refused. */
export interface StrictBackend {
  readonly endpoint: string;
  /** Answers 503 to everything. */
  isAway: boolean;
  readonly accepted: readonly ProtoRequest[];
  /** Why, in words, one entry for each request. */
  readonly refusals: readonly string[];
}

/** Listens until the test ends. */
export async function strictBackend(rules: Rules): Promise<StrictBackend> {
  const accepted: ProtoRequest[] = [];
  const refusals: string[] = [];
  const series = new Map<string, bigint>();
  const backend = { endpoint: "", isAway: false, accepted, refusals };
  const server = createServer((incoming, response) => {
    drain(incoming, (body) => {
      if (backend.isAway) {
        response.writeHead(503).end();
        return;
      }
      const message = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      const [status, words] = judge(incoming, message, { rules, series, accepted });
      if (status !== 200) refusals.push(words);
      response.writeHead(status, { "content-type": "text/plain" }).end(status === 200 ? "" : words);
    });
  });
  const origin = await listen(server);
  backend.endpoint = `${origin}${rules.path}`;
  return backend;
}

interface Bench {
  readonly rules: Rules;
  readonly series: Map<string, bigint>;
  readonly accepted: ProtoRequest[];
}

function judge(
  { url, headers }: IncomingMessage,
  message: Buffer,
  { rules, series, accepted }: Bench,
): [status: number, words: string] {
  const { path, requiredHeader, limitBytes, check } = rules;
  if (url !== path) return [404, `no such path: ${url}`];
  if (requiredHeader !== undefined && headers[requiredHeader] === undefined) return [403, "no key"];
  if (headers["content-length"] === undefined) return [411, "no length"];
  if (message.length > limitBytes) return [413, `${message.length} bytes`];
  const request = decodeRequest(message);
  const refusal = check(request, series);
  if (refusal !== undefined) return [400, refusal];
  accepted.push(request);
  return [200, ""];
}

function isCumulativeCounter({ sum, histogram }: ProtoMetric): boolean {
  const data = histogram ?? (sum?.isMonotonic === true ? sum : undefined);
  return data?.aggregationTemporality === "AGGREGATION_TEMPORALITY_CUMULATIVE";
}

/** All metrics of a request, with the instance that they belong to. */
export function* metricsOf({ resourceMetrics = [] }: ProtoRequest) {
  for (const { resource, scopeMetrics } of resourceMetrics) {
    const instance = resource.attributes?.find(({ key }) => key === "service.instance.id")?.value.stringValue;
    for (const { metrics } of scopeMetrics) for (const metric of metrics) yield { instance, metric };
  }
}

/** All points of a metric. */
export function pointsOf({ sum, gauge, histogram }: ProtoMetric): readonly ProtoPoint[] {
  return (sum ?? gauge ?? histogram)?.dataPoints ?? [];
}

function first<Item>(items: Iterable<Item>, find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
