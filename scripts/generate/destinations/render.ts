import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PRESET_NAMES, presetOf, type PresetName, protocolsOf } from "../../../src/config/presets.ts";
import { formatDuration, formatSize } from "../../../src/config/units.ts";
import { DESTINATION_PROSE } from "./prose.ts";

const ROOT = join(import.meta.dirname, "../../..");

const GENERATED = "<!-- Generated from src/config/presets.ts and config/ by npm run generate. -->";

/** docs/destinations/<preset>.md: what it needs, a configuration, how to look, its limits. */
export function renderDestination(name: PresetName): string {
  const { title, needs, look, pitfalls } = DESTINATION_PROSE[name];
  return `# ${title}

${GENERATED}

## What it needs

${needs}

## Configuration

[config/${name}.yaml](../../config/${name}.yaml), as it is:

\`\`\`yaml
${readyConfiguration(name)}
\`\`\`

\`kvmeter config validate -c FILE\` checks it, \`kvmeter config print -c FILE\` shows what is in effect. All options:
[config.md](../config.md).

## Does it arrive?

${look}

On the agent, \`otel.sdk.exporter.metric_data_point.exported\` counts what was taken and \`kvmeter.dropped.data_points\` what
never arrives, with the reason: [delivery.md](../delivery.md).

## Limits

${limits(name)}
${pitfalls}
`;
}

/** docs/destinations/README.md */
export function renderDestinations(): string {
  const rows = PRESET_NAMES.map((name) => {
    const { title } = DESTINATION_PROSE[name];
    const { summary, temporality } = presetOf(name);
    return `| [${title}](${name}.md) | \`preset: ${name}\` | ${temporality} | ${summary} |`;
  });
  return `# Destinations

${GENERATED}

One agent can send to several of them at once; each has its own queue, so one that is away does not hold up the others.

| | | sums | |
|---|---|---|---|
${rows.join("\n")}

Every preset is a set of defaults; each option can be given instead. What happens between kvmeter and a destination that is
away, slow or refuses is in [delivery.md](../delivery.md).
`;
}

/** The file without what is said for editors. */
function readyConfiguration(name: PresetName): string {
  const text = readFileSync(join(ROOT, "config", `${name}.yaml`), "utf8");
  return text.replace(/^(?:# yaml-language-server.*\n#\n)?#.*\n\n/, "").trimEnd();
}

const LOGS: Readonly<Record<ReturnType<typeof presetOf>["logsTo"], string>> = {
  itself: "taken as well",
  VictoriaLogs: "go to VictoriaLogs, by `logs_endpoint`",
  nobody: "not taken",
};

function limits(name: PresetName): string {
  const preset = presetOf(name);
  const { temporality, identity, order, maxAgeMs, logsMaxAgeMs, signals, logsTo } = preset;
  const requests = protocolsOf(preset).map((protocol) => {
    const size = formatSize(preset.protocols[protocol]?.requestLimitBytes ?? 0);
    return `${size} by ${protocol}`;
  });
  const rows = [
    ["request, before compression", requests.join(", ")],
    ["sums", temporality],
    ["VMs are told apart by", identity === "resource" ? "the resource" : "attributes of every point"],
    ["order", order === "oldest-first" ? "the oldest first, always" : "new data pass a backlog"],
    [
      "kept while it is away",
      formatDuration(maxAgeMs) +
        (logsMaxAgeMs === undefined ? "" : `, log records ${formatDuration(logsMaxAgeMs)}`),
    ],
    ["sent by default", signals.join(", ")],
    ["log records", LOGS[logsTo]],
  ];
  return `| | |\n|---|---|\n${rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}
