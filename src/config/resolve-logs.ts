import type { LogsConfiguration } from "./configuration.ts";
import { completeEndpoint, logsEndpointBeside } from "./endpoint.ts";
import { presetOf, type Protocol } from "./presets.ts";
import type { Report } from "./resolve.ts";
import type { FileDestination } from "./schema.ts";

/** What was found out about metrics of the same destination. */
interface MetricsWay extends Omit<LogsConfiguration, "headers"> {
  readonly protocol: Protocol;
}

/**
 * How log records travel to a destination of the file; undefined where they do not. By default they do where the
 * preset says so and it is known where to; what the file asks for and cannot be had is reported.
 */
export function resolveLogs(
  entry: FileDestination,
  metrics: MetricsWay,
  report: Report,
): LogsConfiguration | undefined {
  const { logsMaxAgeMs, logsTo, signals: usual } = presetOf(entry.preset);
  const isAsked = entry.signals?.includes("logs") ?? entry.logs_endpoint !== undefined;
  const wanted = isAsked || (entry.signals === undefined && usual.includes("logs"));
  if (entry.logs_endpoint !== undefined && !wanted) {
    report(
      ["logs_endpoint"],
      "has no use here, because signals has no logs; add it or take logs_endpoint away",
    );
  }
  if (!wanted) return undefined;
  if (logsTo === "nobody") {
    const path = entry.signals === undefined ? "logs_endpoint" : "signals";
    report([path], `the preset ${entry.preset} takes metrics only; send logs to another destination`);
    return undefined;
  }
  const endpoint = resolveEndpoint(entry, metrics, isAsked ? report : () => {});
  return endpoint === undefined
    ? undefined
    : {
        ...metrics,
        endpoint,
        headers: entry.headers,
        queue: {
          ...metrics.queue,
          maxAgeMs: entry.queue.max_age ?? logsMaxAgeMs ?? metrics.queue.maxAgeMs,
        },
      };
}

function resolveEndpoint(entry: FileDestination, metrics: MetricsWay, report: Report): string | undefined {
  const { preset, logs_endpoint: own } = entry;
  const { protocol } = metrics;
  const { logsTo } = presetOf(preset);
  if (own === undefined) {
    const beside =
      logsTo === "itself" ? logsEndpointBeside(metrics.endpoint, { preset, protocol }) : undefined;
    // An endpoint that is wrong has been reported.
    if (beside === undefined && metrics.endpoint !== "") {
      const why =
        logsTo === "itself" ? "endpoint has a path of its own" : `${logsTo} takes them, not ${preset}`;
      report([], `logs_endpoint is missing, because ${why}`);
    }
    return beside;
  }
  try {
    return completeEndpoint(own, { preset, protocol, signal: "logs" });
  } catch (error) {
    report(["logs_endpoint"], (error as Error).message);
    return undefined;
  }
}
