import { cpus, release, totalmem } from "node:os";

import type { BenchResult, BenchRow } from "./result.ts";

/** docs/benchmarks.md: the machine, the figures, and how to get them; what was not measured now is kept as it was. */
export function benchmarksDocument(results: readonly BenchResult[], before: string): string {
  const measured = new Set(results.map(({ name }) => name));
  const kept = before.split(/^(?=## )/m).filter((text) => {
    const [, name] = /^## (.+)$/m.exec(text) ?? [];
    return text.startsWith("## ") && !measured.has(name ?? "");
  });
  return `# Benchmarks

Written by \`npm run bench\`, which takes more than ten minutes and needs the parts of the real tests for one of them
(\`scripts/install-real-parts.sh\`); \`npm run bench -- decode\` runs one and prints it. What such a
run leaves out, the fleet, is kept from an earlier one. Every benchmark has a process of its own,
and so have the simulated hypervisor and the receiving end. Ratios are of one run on one machine and travel better than
the milliseconds.

${machine()
  .map(([what, value]) => `- ${what}: ${value}`)
  .join("\n")}

The simulated guests have 8 vCPUs, 3 disks and 2 NICs on KVM unless said otherwise: 112 series each, and 440 fields in
a bulk reply, of which KVM's own statistics, off by default, are the most.

${[...results.map(section), ...kept].join("\n")}`;
}

function machine(): [string, string][] {
  const [cpu] = cpus();
  const [kernel] = /^\d+\.\d+/.exec(release()) ?? ["unknown"];
  return [
    ["processor", `${cpu?.model.trim() ?? "unknown"}, ${cpus().length} cores`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["kernel", `Linux ${kernel}`],
    ["Node", process.version],
    ["date", new Date().toISOString().slice(0, 10)],
  ];
}

function section({ name, method, rows }: BenchResult): string {
  return `## ${name}

${method}

| | |
|---|---:|
${rows.map((row) => `| ${row.label} | ${figure(row)} |\n`).join("")}`;
}

/** Three digits that mean something, whole numbers whole. */
function figure({ value, unit }: BenchRow): string {
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "x" ? `${text} ×` : `${text} ${unit}`.trim();
}
