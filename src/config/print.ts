import { stringify } from "yaml";

import { formatAddress } from "../local-endpoint/address.ts";
import type { DestinationConfiguration, LogsConfiguration } from "./configuration.ts";
import type { ConfigurationDocument } from "./document.ts";
import type { LoadedConfiguration } from "./load.ts";
import type { Path } from "./path.ts";
import { hideLiterals } from "./references.ts";
import { formatDuration, formatSize } from "./units.ts";

const HIDDEN = "***";

/**
 * The effective configuration as YAML, as a file would have it: every default filled in, a reference in place of
 * what it stands for, `***` in place of a secret.
 */
export function printConfiguration({ configuration, document }: LoadedConfiguration): string {
  const show = shower(document);
  const list = (path: Path, values: readonly string[]) =>
    values.map((value, index) => show([...path, index], value));
  const { host, domains, metrics, statistics, processes, log, resourceAttributes, serviceName } =
    configuration;
  const attributes = Object.entries({ "service.name": serviceName, ...resourceAttributes });
  return stringify(
    {
      libvirt: configuration.libvirt.map(({ uri, timeoutMs }, index) => ({
        uri: show(["libvirt", index, "uri"], uri),
        timeout: show(["libvirt", index, "timeout"], formatDuration(timeoutMs)),
      })),
      interval: show(["interval"], formatDuration(configuration.intervalMs)),
      hypervisor: {
        interval: show(["hypervisor", "interval"], formatDuration(configuration.hypervisor.intervalMs)),
      },
      host: {
        enabled: show(["host", "enabled"], host.enabled),
        procfs: show(["host", "procfs"], host.procfs),
        sysfs: show(["host", "sysfs"], host.sysfs),
        taps: show(["host", "taps"], host.taps),
        readers: Object.fromEntries(
          Object.entries(host.readers).map(([name, { enabled, intervalMs }]) => [
            name,
            {
              enabled: show(["host", "readers", name, "enabled"], enabled),
              ...(intervalMs !== undefined && {
                interval: show(["host", "readers", name, "interval"], formatDuration(intervalMs)),
              }),
            },
          ]),
        ),
      },
      domains: {
        include: list(["domains", "include"], domains.include),
        exclude: list(["domains", "exclude"], domains.exclude),
      },
      metrics: {
        enable: list(["metrics", "enable"], metrics.enable),
        disable: list(["metrics", "disable"], metrics.disable),
      },
      statistics: {
        slow_interval: show(["statistics", "slow_interval"], formatDuration(statistics.slowIntervalMs)),
        intervals: Object.fromEntries(
          Object.entries(statistics.intervalsMs).map(([group, ms = 0]) => [
            group,
            show(["statistics", "intervals", group], formatDuration(ms)),
          ]),
        ),
        stretch_above: show(["statistics", "stretch_above"], statistics.stretchAbove),
      },
      processes: {
        process: show(["processes", "process"], processes.process),
        threads: show(["processes", "threads"], processes.threads),
        cgroups: show(["processes", "cgroups"], processes.cgroups),
        disks: show(["processes", "disks"], processes.disks),
        numa: show(["processes", "numa"], processes.numa),
        numa_interval: show(["processes", "numa_interval"], formatDuration(processes.numaIntervalMs)),
        instead_of_libvirt: show(["processes", "instead_of_libvirt"], processes.insteadOfLibvirt),
      },
      export: configuration.destinations.map((destination, index) =>
        printable(destination, ["export", index], document),
      ),
      ...(configuration.stateDirectory !== undefined && {
        state_directory: show(["state_directory"], configuration.stateDirectory),
      }),
      resource_attributes: Object.fromEntries(
        attributes.map(([name, value]) => [name, show(["resource_attributes", name], value)]),
      ),
      ...(configuration.listen !== undefined && {
        listen: show(["listen"], formatAddress(configuration.listen)),
      }),
      log: { level: show(["log", "level"], log.level), format: show(["log", "format"], log.format) },
    },
    { lineWidth: 0 },
  );
}

/** Gives what is written where there is a reference, and the effective value elsewhere. */
function shower(document: ConfigurationDocument) {
  return <Value>(path: Path, effective: Value): Value | string => {
    const location = document.locate(path);
    return location?.resolved === undefined ? effective : (location.source ?? HIDDEN);
  };
}

function printable(destination: DestinationConfiguration, path: Path, document: ConfigurationDocument) {
  const show = shower(document);
  const showEndpoint = (option: string, way: LogsConfiguration) =>
    withoutQuery(show([...path, option], endpointWithScheme(way)));
  // What is made of a reference is not shown; it is made of it again.
  const hasOwnLogsEndpoint =
    document.locate([...path, "logs_endpoint"]) !== undefined ||
    document.locate([...path, "endpoint"])?.resolved === undefined;
  const headers = Object.keys(destination.headers).map((name) => {
    const location = document.locate([...path, "headers", name]);
    return [name, location?.resolved === undefined ? HIDDEN : hideLiterals(location.source ?? "")];
  });
  return {
    preset: show([...path, "preset"], destination.preset),
    endpoint: showEndpoint("endpoint", destination),
    signals: destination.signals.map((signal, index) => show([...path, "signals", index], signal)),
    ...(destination.logs &&
      hasOwnLogsEndpoint && { logs_endpoint: showEndpoint("logs_endpoint", destination.logs) }),
    protocol: show([...path, "protocol"], destination.protocol),
    headers: Object.fromEntries(headers) as Record<string, string>,
    compression: show([...path, "compression"], destination.compression),
    timeout: show([...path, "timeout"], formatDuration(destination.timeoutMs)),
    request_limit: show([...path, "request_limit"], formatSize(destination.requestLimitBytes)),
    identity: show([...path, "identity"], destination.identity),
    temporality: show([...path, "temporality"], destination.temporality),
    order: show([...path, "order"], destination.order),
    queue: {
      max_size: show([...path, "queue", "max_size"], formatSize(destination.queue.maxBytes)),
      max_age: show([...path, "queue", "max_age"], formatDuration(destination.queue.maxAgeMs)),
    },
    replay_rate: show([...path, "replay_rate"], formatSize(destination.replayRateBytesPerS)),
    ...printableTls(destination, [...path, "tls"], document),
  };
}

/** Only the environment can leave it out. */
function endpointWithScheme({ endpoint, insecure }: LogsConfiguration): string {
  return endpoint.includes("://") ? endpoint : `${insecure === true ? "http" : "https"}://${endpoint}`;
}

/** A query can hold a key, also where it is a reference's default or stands beside a reference. */
function withoutQuery(url: string): string {
  const inDefaults = url.replaceAll(/\$\{[^}]*\}/g, (reference) =>
    reference.replace(/\?.*\}$/s, `?${HIDDEN}}`),
  );
  return inDefaults.replace(/\?(?!\*\*\*\}).*$/s, `?${HIDDEN}`);
}

const PEM_OPTIONS = { ca: "ca_file", cert: "cert_file", key: "key_file" } as const;

function printableTls({ tls }: DestinationConfiguration, path: Path, document: ConfigurationDocument) {
  const options: Record<string, string> = {};
  for (const part of ["ca", "cert", "key"] as const) {
    const option = PEM_OPTIONS[part];
    if (tls[part] !== undefined) options[option] = document.locate([...path, option])?.source ?? HIDDEN;
  }
  if (tls.serverName !== undefined)
    options["server_name"] = shower(document)([...path, "server_name"], tls.serverName);
  return Object.keys(options).length === 0 ? {} : { tls: options };
}
