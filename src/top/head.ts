import { cut, textWidth } from "../cli/text.ts";
import { printable } from "../printable.ts";
import type { TopHost, TopModel } from "./model.ts";
import type { Paint } from "./paint.ts";
import { type Format, shownAs, type Units, UNITS } from "./quantities.ts";
import type { Subject } from "./subject.ts";
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

/** Of the pressure stall information. */
const PRESSURES = [
  ["cpu", "cpuPressure"],
  ["mem", "memoryPressure"],
  ["io", "ioPressure"],
] as const;

/** The lines above the table: the title, a line for each hypervisor, and what is wrong. */
export function headLines(model: TopModel, context: HeadContext): string[] {
  const { width, paint, view } = context;
  const { hosts, machineProblems } = model;
  const problems = hosts
    .flatMap(({ uri, problems, isInSight }) =>
      problems.map((problem) => (isInSight || hosts.length === 1 ? problem : `${uri}: ${problem}`)),
    )
    .concat(machineProblems);
  const more = hosts.length - MAX_HOSTS;
  return [
    paint(cut(titleText(model, context), width), "strong"),
    ...hosts
      .slice(0, MAX_HOSTS)
      .flatMap((host) =>
        flowed(hostParts(host, view.units), { width, maxLines: hosts.length === 1 ? 3 : 1 }),
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

/** One hypervisor; what is not known of it is left out. Where there is no room, what changes least goes first. */
function hostParts({ name, facts, whole, machine, states, isInSight }: TopHost, units: Units): string[] {
  const shown = (value: number | undefined, format: Format) =>
    value === undefined ? undefined : shownAs(value, format, units);
  const cpus = facts?.cpus;
  const memory = facts && Number(facts.memoryKiB) * BYTES_PER_KIB;
  const busy = machine && busyShare(machine);
  const limit = machine?.figure("hostMemoryLimit") ?? memory;
  const vcpus = whole.figure("vcpusAllocated");
  const allocated = whole.figure("memoryAllocated");
  const counts = [...(states ?? [])].map(([state, count]) => `${count} ${state}`).join(", ");
  const parts = [
    isInSight ? printable(name) : `${printable(name)} AWAY`,
    counts,
    ofText("CPU", busy === undefined ? undefined : `${shown(busy, "percent")}%`, cpus?.toString()),
    ofText("MEM", shown(machine?.figure("hostMemoryUsed"), "bytes"), shown(limit, "bytes")),
    machine && pressureText(machine),
    vcpus && `vCPU ${vcpus}${ratioText(vcpus, cpus)}`,
    allocated && `to VMs ${shown(allocated, "bytes")}${ratioText(allocated, memory)}`,
    facts && `${printable(facts.driver)} ${facts.driverVersion} libvirt ${facts.libvirtVersion}`,
  ];
  return parts.filter((part) => typeof part === "string" && part !== "") as string[];
}

/** Share of all CPUs' time in which they worked. */
function busyShare(machine: Subject): number | undefined {
  const idle = machine.figure("hostIdle");
  return idle === undefined ? undefined : Math.max(0, 1 - idle - (machine.figure("hostIowait") ?? 0));
}

/** `CPU 37.5% of 16`, or that half of it that is known. */
function ofText(title: string, used: string | undefined, there: string | undefined): string {
  if (used === undefined && there === undefined) return "";
  return `${title} ${[used, there].filter((part) => part !== undefined).join(" of ")}`;
}

/** Shares of the last ten seconds in which some task waited, in percent. Linux can be without any. */
function pressureText(machine: Subject): string {
  const parts = PRESSURES.flatMap(([title, name]) => {
    const share = machine.figure(name);
    return share === undefined ? [] : [`${title} ${shownAs(share, "percent", "binary")}`];
  });
  return parts.length === 0 ? "" : `PSI% ${parts.join(" ")}`;
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
