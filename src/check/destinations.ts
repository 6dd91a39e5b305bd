import type { Configuration, DestinationConfiguration } from "../config/configuration.ts";
import { isLoopback } from "../config/listen.ts";
import { formatSize } from "../config/units.ts";
import { KvmeterError } from "../errors.ts";
import type { Temporality } from "../metrics/points.ts";
import type { ExportOutcome, OtlpTransport } from "../otlp/destination.ts";
import { type DestinationOptions, endpointUrlOf } from "../otlp/options.ts";
import { createTransport } from "../otlp/transport.ts";
import { nameOfEndpoint } from "../otlp/wording.ts";
import type { HypervisorReading } from "../readings/domain.ts";
import { checkCertificates } from "./certificate.ts";
import type { ToldTime } from "./clock.ts";
import { commandFor } from "./error-mends.ts";
import { failed, type Finding, unwell, well } from "./finding.ts";
import { cycleBytes, ownRequest, paddedRequest } from "./probe-request.ts";

/** What came of trying one destination. */
export interface DestinationCheck {
  readonly findings: readonly Finding[];
  /** What it said of the time, if anything. */
  readonly told: readonly ToldTime[];
}

export interface DestinationOptionsOfCheck {
  readonly configuration: Configuration;
  /** What was read of hypervisors, which tells how large requests are. */
  readonly readings: Promise<readonly HypervisorReading[]>;
}

/** A request is tried with so much at least, and halved down to the least that can be configured. */
const LEAST_TRIED_BYTES = 64 * 1024;
const LEAST_LIMIT_BYTES = 16 * 1024;

/** Sends a destination what the agent would, as the agent would. Never rejects. */
export async function checkDestination(
  destination: DestinationConfiguration,
  { configuration, readings }: DestinationOptionsOfCheck,
): Promise<DestinationCheck> {
  const { name, signals, logs } = destination;
  const told: ToldTime[] = [];
  // Only the first answer can be told from when it was asked for.
  const sentMs = Date.now();
  const onDate = (toldMs: number): void => {
    if (told.length === 0) told.push({ who: name, toldMs, sentMs, receivedMs: Date.now() });
  };
  const trial = { configuration, readings };
  const [ofMetrics, ofLogs] = await Promise.all([
    signals.includes("metrics")
      ? withTransport(destination, { name, onDate }, (transport) =>
          tryMetrics(destination, { ...trial, transport }),
        )
      : [],
    logs === undefined
      ? []
      : withTransport(logs, { name, onDate }, (transport) => tryLogs(name, logs, transport)),
  ]);
  return { findings: [...judgePlaintext(destination), ...ofMetrics, ...ofLogs], told };
}

async function withTransport(
  options: DestinationOptions,
  { name, onDate }: { readonly name: string; readonly onDate: (toldMs: number) => void },
  use: (transport: OtlpTransport) => Promise<Finding[]>,
): Promise<Finding[]> {
  let transport: OtlpTransport;
  try {
    transport = createTransport(options, onDate);
  } catch (error) {
    return [failed("destination", name, { error })];
  }
  try {
    return await use(transport);
  } finally {
    await transport.close();
  }
}

interface Trial extends DestinationOptionsOfCheck {
  readonly transport: OtlpTransport;
}

async function tryMetrics(destination: DestinationConfiguration, trial: Trial): Promise<Finding[]> {
  const { name, endpoint, protocol, temporality } = destination;
  const { transport, configuration } = trial;
  const request = ownRequest(configuration, destination, temporality);
  const begunMs = performance.now();
  const outcome = await transport.export(request);
  const tookMs = Math.ceil(performance.now() - begunMs);
  if (isTaken(outcome)) {
    const url = endpointUrlOf(destination);
    const way = [protocol === "grpc" ? "gRPC" : "HTTP", url.protocol === "https:" ? "TLS" : "no TLS"];
    const words = `${nameOfEndpoint(url)} took ${request.pointCount} points in ${tookMs} ms: ${way.join(", ")}, ${destination.compression === "none" ? "not compressed" : destination.compression}, ${temporality}`;
    return [
      well("destination", name, words),
      ...(await tryLarge(destination, trial)),
      ...(await checkCertificates(name, destination)),
    ];
  }
  if (outcome.status === "refused" || outcome.status === "accepted") {
    const other = await tryOther(destination, trial, outcome);
    if (other !== undefined) return [other];
  }
  if (outcome.status === "accepted") {
    const values = {
      rejected: outcome.rejectedPoints,
      sent: request.pointCount,
      words: outcome.message === "" ? "" : `: ${outcome.message}`,
      temporality,
      protocol,
    };
    return [unwell("destination-rejects", name, { values })];
  }
  return [failed("destination", name, { error: outcome.error, mend: commandFor(outcome.error, endpoint) })];
}

/** Would it take the other temporality? */
async function tryOther(
  destination: DestinationConfiguration,
  { transport, configuration }: Trial,
  first: ExportOutcome,
): Promise<Finding | undefined> {
  const { name, temporality } = destination;
  const other: Temporality = temporality === "delta" ? "cumulative" : "delta";
  if (!isTaken(await transport.export(ownRequest(configuration, destination, other)))) return undefined;
  const words = first.status === "accepted" ? first.message : first.error.message;
  const values = { temporality, other, words: words === "" ? "" : ` (${words})` };
  return unwell("destination-temporality", name, { values });
}

/** The largest request that it takes, where that is less than what this host would send it. */
async function tryLarge(destination: DestinationConfiguration, trial: Trial): Promise<Finding[]> {
  const { name, requestLimitBytes } = destination;
  const wantedBytes = cycleBytes(await trial.readings, trial.configuration, destination);
  const firstBytes = Math.min(requestLimitBytes, Math.max(LEAST_TRIED_BYTES, wantedBytes));
  let isTooLarge = false;
  for (let bytes = firstBytes; bytes >= LEAST_LIMIT_BYTES; bytes = Math.floor(bytes / 2)) {
    const outcome = await trial.transport.export(paddedRequest(bytes));
    if (isTaken(outcome)) {
      if (bytes === firstBytes)
        return [well("destination-limit", name, `takes requests of ${formatSize(bytes)}`)];
      return [tooLarge(name, firstBytes, bytes)];
    }
    isTooLarge ||= outcome.status === "too-large";
    // What it does not understand, or does not answer, says nothing of sizes.
    if (outcome.status === "accepted" || outcome.status === "refused" || isLate(outcome)) break;
  }
  return isTooLarge ? [tooLarge(name, firstBytes, LEAST_LIMIT_BYTES)] : [];
}

function tooLarge(name: string, triedBytes: number, takenBytes: number): Finding {
  const limit = formatSize(Math.max(LEAST_LIMIT_BYTES, Math.floor(takenBytes / 1024) * 1024));
  return unwell("destination-limit", name, { values: { tried: formatSize(triedBytes), limit } });
}

async function tryLogs(name: string, logs: DestinationOptions, transport: OtlpTransport): Promise<Finding[]> {
  const outcome = await transport.export({ body: new Uint8Array(), pointCount: 0, signal: "logs" });
  if (outcome.status !== "accepted") {
    const mend = commandFor(outcome.error, logs.endpoint);
    return [failed("destination-logs", name, { error: outcome.error, mend })];
  }
  return [well("destination-logs", name, `${nameOfEndpoint(endpointUrlOf(logs))} takes log records`)];
}

function isTaken(outcome: ExportOutcome): boolean {
  return outcome.status === "accepted" && outcome.rejectedPoints === 0;
}

function isLate(outcome: ExportOutcome): boolean {
  return (
    "error" in outcome && outcome.error instanceof KvmeterError && outcome.error.code === "OTLP_DEADLINE"
  );
}

function judgePlaintext({ name, headers, ...options }: DestinationConfiguration): Finding[] {
  const secrets = Object.keys(headers).filter((header) => /auth|key|token|cookie|secret/i.test(header));
  const url = endpointUrlOf(options);
  if (secrets.length === 0 || url.protocol === "https:") return [];
  const host = url.hostname.replaceAll(/[[\]]/g, "");
  if (isLoopback({ host, port: 0 })) return [];
  const secured = nameOfEndpoint(url).replace("http:", "https:");
  return [unwell("destination-plaintext", name, { values: { host, secured } })];
}
