import { printable } from "../../printable.ts";
import type { Output } from "../command.ts";
import { byName, memoryUsageOf, stateOf, sumOf } from "../domain-row.ts";
import { formatBytes, formatRatio } from "../quantity.ts";
import { pad, textWidth } from "../text.ts";
import type { ArrivedDomain } from "./arrivals.ts";
import { clockTime, type DemoView } from "./view.ts";

/** A line for each domain that arrives and for each change, for a file or a pipe. */
export function linesView(stdout: Output, stderr: Output): DemoView {
  return {
    update(arrivals, changes) {
      const time = clockTime();
      const domains = arrivals.domains.toSorted(byName);
      const width = domains.reduce((widest, { name }) => Math.max(widest, textWidth(printable(name))), 0);
      const lines = changes.map(({ domain, what }) => `${printable(domain)} ${what}`);
      for (const domain of domains)
        lines.push(`${pad(printable(domain.name), width, "right")}  ${values(domain)}`);
      stdout.write(lines.map((line) => `${time} ${line}\n`).join(""));
    },
    log: (line) => void stderr.write(line),
    close: () => undefined,
  };
}

/** What is known of a domain; nothing stands for what is not, such as a rate at its first arrival. */
function values(domain: ArrivedDomain): string {
  const { diskRead, diskWritten, received, sent } = domain.rates;
  const parts: readonly (readonly [
    text: string,
    value: number | undefined,
    format: (value: number) => string,
  ])[] = [
    ["cpu", sumOf(domain, "libvirt.domain.cpu.utilization"), formatRatio],
    ["memory", memoryUsageOf(domain), formatBytes],
    ["of", sumOf(domain, "libvirt.domain.memory.limit"), formatBytes],
    ["disk read", diskRead, rate],
    ["written", diskWritten, rate],
    ["network in", received, rate],
    ["out", sent, rate],
  ];
  const known = parts.flatMap(([text, value, format]) =>
    value === undefined ? [] : [`${text} ${format(value)}`],
  );
  return [stateOf(domain) ?? "-", ...known].join(" ");
}

function rate(bytes: number): string {
  return `${formatBytes(bytes)}/s`;
}
