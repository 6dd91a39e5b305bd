import { resolve } from "node:path";

import { type Signal, SIGNALS } from "../otlp/destination.ts";
import type { TlsOptions } from "../otlp/options.ts";
import type { DestinationConfiguration } from "./configuration.ts";
import { completeEndpoint } from "./endpoint.ts";
import type { Path } from "./path.ts";
import { checkTls, readPem } from "./pem.ts";
import { presetOf, protocolsOf, type Preset, type Protocol } from "./presets.ts";
import { resolveLogs } from "./resolve-logs.ts";
import type { FileDestination } from "./schema.ts";

/** How resolving tells what is wrong with the option at a path. */
export type Report = (path: Path, message: string) => void;

/**
 * The destinations of a file's `export` section, with what their presets say filled in. An entry that is undefined
 * has been found wrong before and is left out.
 */
export function resolveDestinations(
  entries: readonly (FileDestination | undefined)[],
  context: { readonly directory: string; readonly report: Report },
): DestinationConfiguration[] {
  const counts = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    if (entry === undefined) return [];
    const count = (counts.get(entry.preset) ?? 0) + 1;
    counts.set(entry.preset, count);
    const name = count === 1 ? entry.preset : `${entry.preset}-${count}`;
    const report: Report = (path, message) => context.report(["export", index, ...path], message);
    return { name, ...resolveDestination(entry, { directory: context.directory, report }) };
  });
}

function resolveDestination(
  entry: FileDestination,
  { directory, report }: { directory: string; report: Report },
): Omit<DestinationConfiguration, "name"> {
  const preset = presetOf(entry.preset);
  const protocol = resolveProtocol(entry, preset, report);
  const endpoint = resolveEndpoint(entry, protocol, report);
  checkHeaders(entry, preset, report);
  const metrics = {
    protocol,
    endpoint,
    compression: entry.compression,
    timeoutMs: entry.timeout,
    requestLimitBytes: entry.request_limit ?? preset.protocols[protocol]?.requestLimitBytes ?? 0,
    tls: resolveTls(entry.tls ?? {}, directory, report),
    queue: { maxBytes: entry.queue.max_size, maxAgeMs: entry.queue.max_age ?? preset.maxAgeMs },
  };
  const logs = resolveLogs(entry, metrics, report);
  if (entry.tls !== undefined && [endpoint, logs?.endpoint ?? ""].every((one) => !one.startsWith("https:"))) {
    report(["tls"], "needs an https:// endpoint; change the endpoint or take tls away");
  }
  return {
    preset: entry.preset,
    ...metrics,
    headers: { ...presetHeaders(entry, preset), ...entry.headers },
    signals: resolveSignals(entry, logs !== undefined),
    ...(logs && { logs }),
    identity: entry.identity ?? preset.identity,
    temporality: entry.temporality ?? preset.temporality,
    ...(preset.hostAttribute !== undefined && { hostAttribute: preset.hostAttribute }),
    order: entry.order ?? preset.order,
    replayRateBytesPerS: entry.replay_rate,
  };
}

function resolveSignals({ signals }: FileDestination, hasLogs: boolean): readonly Signal[] {
  return SIGNALS.filter((signal) => (signal === "logs" ? hasLogs : (signals?.includes(signal) ?? true)));
}

/** Names of headers are the same in any case. */
function hasHeader({ headers }: FileDestination, name: string): boolean {
  return Object.keys(headers).some((own) => own.toLowerCase() === name);
}

function presetHeaders(entry: FileDestination, { headers = {} }: Preset): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hasHeader(entry, name)));
}

/** An endpoint of one's own can be a proxy that adds the key. */
function checkHeaders(entry: FileDestination, { requiredHeader }: Preset, report: Report): void {
  if (requiredHeader === undefined || entry.endpoint !== undefined) return;
  const { name, value } = requiredHeader;
  if (hasHeader(entry, name)) return;
  report(["headers"], `${name} is missing; the preset ${entry.preset} needs it to be ${value}`);
}

function resolveProtocol(entry: FileDestination, preset: Preset, report: Report): Protocol {
  const protocols = protocolsOf(preset);
  const [first] = protocols;
  const protocol = entry.protocol ?? first ?? "grpc";
  if (protocols.includes(protocol)) return protocol;
  report(["protocol"], `must be ${protocols.join(" or ")} for the preset ${entry.preset}`);
  return first ?? protocol;
}

function resolveEndpoint(entry: FileDestination, protocol: Protocol, report: Report): string {
  const { site, protocols } = presetOf(entry.preset);
  if (entry.site !== undefined && (site === undefined || entry.endpoint !== undefined)) {
    const why = site === undefined ? `the preset ${entry.preset} has none` : "endpoint says it all";
    report(["site"], `has no use here, because ${why}; take it away`);
  }
  const template = protocols[protocol]?.endpoint ?? "";
  const own = entry.site ?? site?.default;
  if (entry.endpoint === undefined && site !== undefined && own === undefined) {
    report([], `site is missing; the preset ${entry.preset} needs it to be ${site.meaning}`);
    return "";
  }
  const endpoint = entry.endpoint ?? template.replace("{site}", own ?? "");
  try {
    return completeEndpoint(endpoint, { preset: entry.preset, protocol, signal: "metrics" });
  } catch (error) {
    report(["endpoint"], (error as Error).message);
    return "";
  }
}

const PEM_OPTIONS = { ca: "ca_file", cert: "cert_file", key: "key_file" } as const;

function resolveTls(tls: NonNullable<FileDestination["tls"]>, directory: string, report: Report): TlsOptions {
  const options: { ca?: Buffer; cert?: Buffer; key?: Buffer; serverName?: string } = {};
  let sound = true;
  for (const part of ["ca", "cert", "key"] as const) {
    const file = tls[PEM_OPTIONS[part]];
    if (file === undefined) continue;
    try {
      options[part] = readPem(resolve(directory, file));
    } catch (error) {
      sound = false;
      report(["tls", PEM_OPTIONS[part]], (error as Error).message);
    }
  }
  if ((tls.cert_file === undefined) !== (tls.key_file === undefined)) {
    sound = false;
    report(["tls"], "cert_file and key_file must be given together; add the other one");
  }
  if (tls.server_name !== undefined) options.serverName = tls.server_name;
  try {
    if (sound && Object.keys(options).length > 0) checkTls(options);
  } catch (error) {
    report(["tls"], (error as Error).message);
  }
  return options;
}
