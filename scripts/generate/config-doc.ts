import type { JsonSchema } from "@valibot/to-json-schema";

import { ENVIRONMENT_VARIABLES } from "../../src/config/environment.ts";
import { configurationJsonSchema } from "../../src/config/json-schema.ts";
import {
  type Preset,
  PRESET_NAMES,
  type PresetName,
  presetOf,
  protocolsOf,
} from "../../src/config/presets.ts";
import { formatDuration, formatSize } from "../../src/config/units.ts";

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/ by npm run generate. -->

kvmeter needs no configuration: by itself it reads \`qemu:///system\` every 10 seconds and sends to the destination that
the \`OTEL_EXPORTER_OTLP_*\` environment names, or else to a collector on the same machine. Everything else is said in
a YAML file, given with \`--config FILE\`; [kvmeter.yaml](../config/kvmeter.yaml) is one with every option at its
default. \`kvmeter config validate -c FILE\` checks a file, \`kvmeter config print -c FILE\` shows what is in effect.

What is said twice: the command line wins over the file, the file over the environment, and a variable for one signal
over a general one. An \`export\` section replaces the exporter's environment as a whole, so that one backend's credentials
never travel to another.

An unknown option, a wrong value and a reference that leads nowhere are errors; kvmeter then does not start. All of
them are listed, one line each: \`kvmeter.yaml:5:13 export[0].timeout: must be …\`.

For completion and checks in an editor with a YAML language server, begin the file with
\`# yaml-language-server: $schema=…/kvmeter.schema.json\`; \`kvmeter config schema\` prints that schema.

## Values

- Durations are numbers with a unit: \`500ms\`, \`10s\`, \`5m\`, \`1h30m\`, \`2d\`.
- Sizes are a number with a unit: \`B\`, \`kB\`, \`MB\`, \`GB\` (powers of 1000), \`KiB\`, \`MiB\`, \`GiB\` (powers of 1024).
- \`\${env:NAME}\` stands for an environment variable, \`\${env:NAME:-default}\` gives a default for one that is not set
  or empty, \`\${file:/path}\` stands for what a file holds, without its last newline. Paths are relative to the
  configuration file. They work inside any text, duration and size, and in place of one; \`true\`, \`false\` and numbers
  are written out. \`$\${\` is a plain \`\${\`. kvmeter shows the reference, never what it stands for.
- An option without a value counts as left out.
`;

/** docs/config.md: every option with its type, default and meaning, the presets and the environment. */
export function renderConfigDoc(): string {
  const options = sections(configurationJsonSchema(), "").join("\n");
  return [INTRODUCTION, "## Options\n", options, presets(), environment()].join("\n");
}

/** A table for each mapping of options, the outermost first. */
function sections(schema: JsonSchema, path: string): string[] {
  const properties = Object.entries(schema.properties ?? {}) as [string, JsonSchema][];
  const rows = properties.map(([name, option]) => row(name, option));
  const own = [
    ...(path === "" ? [] : [`### \`${path}\`\n`, `${schema.description ?? ""}\n`]),
    `| option | type | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`,
  ];
  const inner = properties.flatMap(([name, option]) => {
    const place = path === "" ? name : `${path}.${name}`;
    const items = option.items as JsonSchema | undefined;
    if (items?.properties !== undefined) return sections(items, `${place}[]`);
    return option.properties === undefined ? [] : sections(option, place);
  });
  return [...own, ...inner];
}

function row(name: string, option: JsonSchema): string {
  return `| \`${name}\` | ${typeOf(option)} | ${defaultOf(option)} | ${option.description ?? ""} |`;
}

function typeOf(option: JsonSchema): string {
  const [values] = (option.anyOf ?? []) as JsonSchema[];
  if (values?.enum !== undefined)
    return values.enum.map((value) => `\`${JSON.stringify(value).slice(1, -1)}\``).join(", ");
  if (option.pattern?.includes("ms|") === true) return "duration";
  if (option.pattern?.includes("KiB|") === true) return "size";
  if (option.type === "array")
    return `list of ${typeOf(option.items as JsonSchema).replace(/^options$/, "mappings")}`;
  if (option.type === "number") return "number";
  if (option.type === "boolean") return "`true`, `false`";
  if (option.type !== "object") return "text";
  return option.properties === undefined ? "names and values" : "options";
}

function defaultOf(option: JsonSchema): string {
  const { default: value } = option;
  if (value === undefined || JSON.stringify(value) === "{}") return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function presets(): string {
  const rows = PRESET_NAMES.flatMap((name) => {
    const preset = presetOf(name);
    return protocolsOf(preset).map((protocol, index) => {
      const { endpoint = "", path = "", requestLimitBytes = 0 } = preset.protocols[protocol] ?? {};
      const where = `\`${endpoint}${path}\``;
      const first = index === 0 ? `\`${name}\`` : "";
      const limit = formatSize(requestLimitBytes);
      return `| ${first} | \`${protocol}\` | ${where} | ${limit} | ${index === 0 ? remarks(preset) : ""} |`;
    });
  });
  const defaults = PRESET_NAMES.map((name) => {
    const { identity, temporality, order, maxAgeMs } = presetOf(name);
    return `| \`${name}\` | \`${identity}\` | \`${temporality}\` | \`${order}\` | ${formatDuration(maxAgeMs)} |`;
  });
  const logs = PRESET_NAMES.map((name) => {
    const { signals, maxAgeMs, logsMaxAgeMs = maxAgeMs, logsTo } = presetOf(name);
    const where = logsTo === "nobody" ? "" : logsEndpoints(name).join(", ");
    const age = logsTo === "nobody" ? "" : formatDuration(logsMaxAgeMs);
    return `| \`${name}\` | \`[${signals.join(", ")}]\` | ${where} | ${age} |`;
  });
  return `## Presets

The first protocol of a preset is its default.

| preset | protocol | endpoint | request_limit | |
|---|---|---|---|---|
${rows.join("\n")}

| preset | identity | temporality | order | queue.max_age |
|---|---|---|---|---|
${defaults.join("\n")}

### Log records

What happens to the domains is sent as OTLP log records to a destination that has \`logs\` among its \`signals\`. The
preset \`collector\` has it by default, since there log records need no other right, address or contract than metrics:
a collector without a pipeline for logs refuses them, which is said once in kvmeter's log, and \`signals: [metrics]\` ends
it. Elsewhere logs are authorised and paid for apart from metrics, so they are sent when asked for:
\`signals: [metrics, logs]\`. Where \`endpoint\` has a path that is none of the preset's, \`logs_endpoint\` says where they go.

| preset | signals | logs_endpoint | queue.max_age for logs |
|---|---|---|---|
${logs.join("\n")}
`;
}

/** Where log records go by default, a protocol each. */
function logsEndpoints(name: PresetName): string[] {
  const { logsTo, protocols } = presetOf(name);
  return protocolsOf(presetOf(name)).map((protocol) => {
    const { endpoint = "", logsPath = "" } = protocols[protocol] ?? {};
    return logsTo === "itself" ? `\`${endpoint}${logsPath}\`` : `that of ${logsTo}, with \`${logsPath}\``;
  });
}

function remarks({ summary, site, requiredHeader, headers = {}, hostAttribute }: Preset): string {
  const sent = Object.entries(headers).map(([name, value]) => `\`${name}: ${value}\``);
  return [
    summary,
    ...(site === undefined
      ? []
      : [
          `\`site\` is ${site.meaning}${site.default === undefined ? "" : `, \`${site.default}\` by default`}.`,
        ]),
    ...(requiredHeader === undefined
      ? []
      : [`Needs the header \`${requiredHeader.name}\`: ${requiredHeader.value}.`]),
    ...(sent.length === 0 ? [] : [`Sends ${sent.join(", ")}.`]),
    ...(hostAttribute === undefined ? [] : [`The host's name is \`${hostAttribute}\` too.`]),
  ].join(" ");
}

function environment(): string {
  const rows = Object.entries(ENVIRONMENT_VARIABLES).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return `## Environment

The variables of the OpenTelemetry specification. In a name \`*\` stands for nothing, or for \`METRICS_\` or
\`LOGS_\`, which win for that signal. An empty variable counts as not set. What the specification lets an SDK ignore
with a warning is an error here: an agent that sends elsewhere than its operator wrote is worse than one that does not
start.

| variable | meaning |
|---|---|
${rows.join("\n")}

### Proxies

An \`https://\` destination is reached through the HTTP proxy that \`https_proxy\` names, an \`http://\` one through that of
\`http_proxy\`, \`http://user:password@host:port\`; not those whose hosts are in \`no_proxy\`, a list with commas such as
\`collector,.example.org\`, and never this machine itself. That is so with and without an \`export\` section. Over HTTP the
same names in capitals count as well. gRPC goes by \`grpc_proxy\` where it is set, else by \`https_proxy\`, then
\`http_proxy\`, whatever the endpoint's scheme. For the service:

    # systemctl edit kvmeter
    [Service]
    EnvironmentFile=/etc/kvmeter/proxy.env
`;
}
