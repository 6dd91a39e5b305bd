import { cut, printable, textWidth } from "../cli/text.ts";
import type { TopHost, TopModel } from "./model.ts";
import type { Paint } from "./paint.ts";
import { shownAs, type Units, UNITS } from "./quantities.ts";
import type { View } from "./view.ts";

/** What the head of the screen says beside the model. */
export interface HeadContext {
  readonly width: number;
  readonly paint: Paint;
  readonly view: View;
  /** What the time is, for the reader: 14:32:05. */
  readonly time: string;
  readonly intervalText: string;
  /** How many VMs the table has. */
  readonly rowCount: number;
}

const MAX_HOSTS = 4;
const MAX_PROBLEMS = 2;
const BYTES_PER_KIB = 1024;

/** The lines above the table: the title, a line for each hypervisor, and what is wrong. */
export function headLines(model: TopModel, context: HeadContext): string[] {
  const { width, paint, view } = context;
  const { hosts } = model;
  const problems = hosts.flatMap(({ uri, problems, isInSight }) =>
    problems.map((problem) => (isInSight || hosts.length === 1 ? problem : `${uri}: ${problem}`)),
  );
  const more = hosts.length - MAX_HOSTS;
  return [
    paint(cut(titleText(model, context), width), "strong"),
    ...hosts
      .slice(0, MAX_HOSTS)
      .flatMap((host) =>
        flowed(hostParts(host, view.units), { width, maxLines: hosts.length === 1 ? 2 : 1 }),
      ),
    ...(more > 0 ? [cut(`and ${more} more hypervisors`, width)] : []),
    ...problems.slice(0, MAX_PROBLEMS).map((problem) => paint(cut(`! ${inOneLine(problem)}`, width), "bad")),
  ];
}

function titleText({ domains }: TopModel, { view, time, intervalText, rowCount }: HeadContext): string {
  const filter = view.typing ?? view.filter;
  const shown = filter === "" ? "" : `, ${rowCount} of them "${printable(filter)}"`;
  const units = view.units === "binary" ? "" : `  ${UNITS[view.units].says}`;
  const paused = view.isPaused ? "  PAUSED" : "";
  return `kvmeter top  ${time}  every ${intervalText}  ${domains.length} VMs${shown}${units}${paused}`;
}

/** One hypervisor; what is not known of it is left out. */
function hostParts({ name, facts, whole, states, isInSight }: TopHost, units: Units): string[] {
  const bytes = (value: number) => shownAs(value, "bytes", units);
  const cpus = facts?.cpus;
  const memory = facts && Number(facts.memoryKiB) * BYTES_PER_KIB;
  const vcpus = whole.figure("vcpusAllocated");
  const allocated = whole.figure("memoryAllocated");
  const counts = [...(states ?? [])].map(([state, count]) => `${count} ${state}`).join(", ");
  const parts = [
    isInSight ? printable(name) : `${printable(name)} AWAY`,
    counts,
    cpus && `CPU ${cpus}`,
    vcpus && `vCPU ${vcpus}${ratioText(vcpus, cpus)}`,
    memory && `MEM ${bytes(memory)}`,
    allocated && `to VMs ${bytes(allocated)}${ratioText(allocated, memory)}`,
    facts && `${printable(facts.driver)} ${facts.driverVersion} libvirt ${facts.libvirtVersion}`,
  ];
  return parts.filter((part) => typeof part === "string" && part !== "") as string[];
}

/** Parts after one another; what does not fit into the lines is cut. */
function flowed(
  parts: readonly string[],
  { width, maxLines }: { readonly width: number; readonly maxLines: number },
): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = last === undefined ? part : `${last}  ${part}`;
    if (last !== undefined && textWidth(longer) > width && lines.length < maxLines) lines.push(`  ${part}`);
    else lines.splice(-1, 1, longer);
  }
  return lines.map((line) => cut(line, width));
}

/** Overcommit: how many times as much is promised as there is. */
function ratioText(promised: number, there: number | undefined): string {
  return there === undefined || there <= 0 ? "" : ` (${(promised / there).toFixed(2)}x)`;
}

function inOneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, " "));
}
