import { type CatalogueAttribute, type CatalogueEntry, catalogue } from "./catalogue.ts";

const PREFACE = `# Metrics

Generated from the table in \`src/metrics/\` by \`npm run generate\`; \`kvmeter metrics\` prints the same.

The names are an interface: they do not change without a major version. Kinds are OpenTelemetry's: a counter only
grows, an up-down counter is an amount that adds up over domains, a gauge does not add up. Units are UCUM: \`By\` bytes,
\`s\` seconds. A field that libvirt does not send makes no point; nothing is 0 because it could not be read.

Rows that are off by default are switched on by \`metrics.enable\`, all others off by \`metrics.disable\`, both with \`*\`
and \`?\` as patterns. A group of libvirt's statistics that no row needs is not asked for.

In a source, N is a number and * a name. Times are since the epoch; sums start when the domain's QEMU process
started, or where that is not known, when they were first seen. A counter that goes down starts anew.
`;

const DOMAIN_PREFACE = `One resource per domain, with \`libvirt.domain.uuid\`, \`libvirt.domain.name\`, \`host.name\`,
\`host.id\`, \`service.name\`, \`service.instance.id\` (the uuid) and, where nova made the domain, \`openstack.*\`. Of a
domain that does not run only those metrics are exported that say so.

States and reasons carry libvirt's names in lower case (\`paused\`, \`ioerror\`); a number that libvirt's header does not
name yet is \`unknown_<number>\`.
`;

const AGENT_PREFACE = `The resource is the agent's own process.
`;

/** The catalogue as a Markdown document. */
export function renderCatalogue(): string {
  const entries = catalogue();
  const [agents, domains] = [entries.filter(isAgents), entries.filter((entry) => !isAgents(entry))];
  return [
    PREFACE,
    "## Domains\n",
    DOMAIN_PREFACE,
    ...domains.map(section),
    "## Agent\n",
    AGENT_PREFACE,
    ...agents.map(section),
  ].join("\n");
}

function isAgents({ name }: CatalogueEntry): boolean {
  return !name.startsWith("libvirt.");
}

function section({
  name,
  kind,
  unit,
  on,
  inactive,
  description,
  attributes,
  source,
}: CatalogueEntry): string {
  const lines = [
    `- ${KIND_NAMES[kind]}, unit \`${unit}\`, ${on ? "on" : "off"} by default`,
    ...attributes.map((attribute) => `- ${attributeText(attribute)}`),
    ...(inactive ? ["- also of a domain that does not run"] : []),
    `- source: \`${source}\``,
  ];
  return `### ${name}\n\n${description}\n\n${lines.join("\n")}\n`;
}

const KIND_NAMES = {
  counter: "Counter",
  updowncounter: "Up-down counter",
  gauge: "Gauge",
  histogram: "Histogram",
};

function attributeText({ name, values }: CatalogueAttribute): string {
  const known = values.length === 0 ? "" : `: ${values.join(", ")}`;
  return `\`${name}\`${known}`;
}
