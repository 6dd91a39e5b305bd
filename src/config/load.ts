import { dirname, resolve } from "node:path";

import { KvmeterError } from "../errors.ts";
import { parseLibvirtUri } from "../libvirt/uri.ts";
import { formatAddress, type ListenAddress } from "../local-endpoint/address.ts";
import { METRIC_ROWS } from "../metrics/definitions.ts";
import type { Attributes } from "../metrics/points.ts";
import { unmatchedPatterns } from "../metrics/selection.ts";
import { secretsOf } from "../otlp/wording.ts";
import type { Configuration } from "./configuration.ts";
import { readDocument, type ConfigurationDocument } from "./document.ts";
import { environmentAttributes, environmentDestination, environmentIntervalMs } from "./environment.ts";
import { isLoopback } from "./listen.ts";
import { suggestion } from "./nearest.ts";
import { throwProblems } from "./problems.ts";
import { resolveHost } from "./resolve-host.ts";
import { resolveDestinations, type Report } from "./resolve.ts";
import { LAST_RESORT_INTERVAL_MS, type FileConfiguration } from "./schema.ts";
import { readSmallText, reasonOf } from "./small-file.ts";
import { validateDocument, withoutResolved } from "./validate.ts";
import {
  firstSet,
  isReservedAttribute,
  ownAttributes,
  VariableReader,
  type Environment,
} from "./variables.ts";

const MAX_FILE_BYTES = 256 * 1024;

/** Where a configuration comes from: the command line wins over the file, the file over the environment. */
export interface ConfigurationSources {
  /** Path of the YAML file; without one everything has its default. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly overrides?: {
    readonly uri?: string | undefined;
    readonly intervalMs?: number | undefined;
    readonly procfs?: string | undefined;
    readonly sysfs?: string | undefined;
  };
}

/** A configuration and the document that it came from. */
export interface LoadedConfiguration {
  readonly configuration: Configuration;
  readonly document: ConfigurationDocument;
}

/**
 * Reads, checks and completes the configuration.
 * @throws ConfigurationError with one line for every problem of the file, or else of the environment
 * @throws KvmeterError CONFIG_UNREADABLE, LIBVIRT_URI (for an overriding URI)
 */
export function loadConfiguration(sources: ConfigurationSources): LoadedConfiguration {
  const { document, directory } = openDocument(sources);
  const { file, destinations: entries, problems: found } = validateDocument(document);
  const problems = [...found];
  const report: Report = (path, message) => {
    problems.push(document.problemAt(path, "value", withoutResolved(document, path, message)));
  };
  if (file !== undefined) {
    checkRepeatedUris(file, report);
    checkMetricPatterns(file, report);
    checkAttributeNames(file.resource_attributes, report);
  }
  const fileDestinations = entries && resolveDestinations(entries, { directory, report });
  const variables = new VariableReader(sources.env);
  const destinations = fileDestinations ?? [environmentDestination(variables)];
  const environmentInterval = file?.interval === undefined ? environmentIntervalMs(variables) : undefined;
  const attributes: Attributes = { ...environmentAttributes(variables), ...file?.resource_attributes };
  throwProblems([...problems, ...variables.problems]);
  if (file === undefined) throw new TypeError("unreachable: a configuration that is wrong without a problem");

  const { overrides = {} } = sources;
  if (overrides.uri !== undefined) parseLibvirtUri(overrides.uri);
  const libvirt = file.libvirt.map(({ uri, timeout }) => ({ uri, timeoutMs: timeout }));
  const [first] = libvirt;
  const overridden = { uri: overrides.uri ?? "", timeoutMs: first?.timeoutMs ?? 0 };
  const hypervisors = overrides.uri === undefined ? libvirt : [overridden];
  const configuration: Configuration = {
    libvirt: hypervisors,
    intervalMs: overrides.intervalMs ?? file.interval ?? environmentInterval ?? LAST_RESORT_INTERVAL_MS,
    processes: resolveProcesses(file.processes),
    host: resolveHost(file.host, {
      hypervisors,
      procfs: overrides.procfs ?? file.host.procfs,
      sysfs: overrides.sysfs ?? file.host.sysfs,
    }),
    hypervisor: { intervalMs: file.hypervisor.interval },
    domains: file.domains,
    metrics: file.metrics,
    statistics: {
      slowIntervalMs: file.statistics.slow_interval,
      intervalsMs: file.statistics.intervals,
      stretchAbove: file.statistics.stretch_above,
    },
    destinations,
    stateDirectory: file.state_directory === undefined ? undefined : resolve(directory, file.state_directory),
    serviceName: String(attributes["service.name"] ?? "kvmeter"),
    resourceAttributes: ownAttributes(attributes),
    ...(file.listen !== undefined && { listen: file.listen }),
    log: file.log,
    secrets: allSecrets(destinations, document.fileValues),
    warnings: [
      ...warningsOf(attributes, file.export === undefined ? {} : sources.env),
      ...(file.listen === undefined ? [] : listenWarnings(file.listen)),
    ],
  };
  return { configuration, document };
}

function resolveProcesses({
  numa_interval: numaIntervalMs,
  instead_of_libvirt: insteadOfLibvirt,
  ...readers
}: FileConfiguration["processes"]): Configuration["processes"] {
  return { ...readers, numaIntervalMs, insteadOfLibvirt };
}

function openDocument(sources: ConfigurationSources): { document: ConfigurationDocument; directory: string } {
  const { file, env } = sources;
  if (file === undefined) {
    return { document: readDocument("", "", { env, directory: "." }), directory: "." };
  }
  const directory = dirname(resolve(file));
  try {
    const text = readSmallText(file, MAX_FILE_BYTES);
    return { document: readDocument(text, file, { env, directory }), directory };
  } catch (error) {
    const message = `Cannot read the configuration file ${file}: ${reasonOf(error)}`;
    throw new KvmeterError("CONFIG_UNREADABLE", message, { cause: error });
  }
}

function checkRepeatedUris(file: FileConfiguration, report: Report): void {
  const uris = file.libvirt.map(({ uri }) => uri);
  for (const [index, uri] of uris.entries()) {
    const first = uris.indexOf(uri);
    if (first < index) report(["libvirt", index], `is the same as libvirt[${first}]; keep one of the two`);
  }
}

function checkMetricPatterns({ metrics }: FileConfiguration, report: Report): void {
  const names = METRIC_ROWS.map(({ name }) => name);
  for (const option of ["enable", "disable"] as const) {
    for (const [index, pattern] of metrics[option].entries()) {
      if (unmatchedPatterns({ enable: [pattern] }).length === 0) continue;
      const message = `fits no metric${suggestion(pattern, names)}; kvmeter metrics lists them`;
      report(["metrics", option, index], message);
    }
  }
}

function checkAttributeNames(attributes: Attributes, report: Report): void {
  for (const name of Object.keys(attributes).filter(isReservedAttribute)) {
    report(["resource_attributes", name], "is set by kvmeter itself, to tell domains apart; take it away");
  }
}

/** What must never be shown: what destinations hold of it, and contents of files. */
function allSecrets(
  destinations: Configuration["destinations"],
  fileValues: readonly string[],
): readonly string[] {
  const requests = destinations.flatMap((one) => [one, one.logs ?? []].flat());
  return [...new Set([...fileValues.filter((value) => value !== ""), ...requests.flatMap(secretsOf)])];
}

function listenWarnings(address: ListenAddress): readonly string[] {
  if (isLoopback(address)) return [];
  const shown = formatAddress(address);
  return [`listen: ${shown} is no loopback address; whoever reaches it can read the metrics of all domains`];
}

function warningsOf(attributes: Attributes, unusedEnv: Environment): readonly string[] {
  const reserved = Object.keys(attributes).filter(isReservedAttribute);
  const unused = Object.keys(unusedEnv).filter(
    (name) => name.startsWith("OTEL_EXPORTER_OTLP_") && firstSet(unusedEnv, [name]) !== undefined,
  );
  return [
    ...reserved.map((name) => `OTEL_RESOURCE_ATTRIBUTES: ${name} is not used, kvmeter sets it itself`),
    ...unused.map((name) => `${name} is not used, because the configuration file has an export section`),
  ];
}
