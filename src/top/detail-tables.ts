import { figureColumn, type NumberColumn } from "./column.ts";
import { memoryUsed } from "./columns.ts";
import type { DeviceKind, FigureName } from "./figures.ts";
import type { Format } from "./quantities.ts";
import type { Subject } from "./subject.ts";

/** A line of a VM as a whole: a figure, its past, and what belongs to it. */
export interface WholeRow {
  readonly title: string;
  readonly format: Format;
  /** The first of them that is told now has its past shown. */
  readonly pasts: readonly [FigureName, ...FigureName[]];
  readonly value: (whole: Subject) => number | undefined;
  /** The least value that fills a sparkline's scale. */
  readonly full?: (whole: Subject) => number | undefined;
  readonly beside: readonly (readonly [title: string, name: FigureName, format: Format])[];
}

const whole = (name: FigureName) => (subject: Subject) => subject.figure(name);

/** A VM as a whole, line by line. */
export const WHOLE_ROWS: readonly WholeRow[] = [
  {
    title: "CPU %",
    format: "percent",
    pasts: ["cpu"],
    value: whole("cpu"),
    full: () => 1,
    beside: [
      ["vCPUs", "vcpus", "count"],
      ["run queue %", "wait", "percent"],
    ],
  },
  {
    title: "steal %",
    format: "percent",
    pasts: ["steal"],
    value: whole("steal"),
    full: () => 0.1,
    beside: [],
  },
  {
    title: "memory",
    format: "bytes",
    pasts: ["guestUsage", "rss"],
    value: memoryUsed,
    full: whole("memoryLimit"),
    beside: [
      ["limit", "memoryLimit", "bytes"],
      ["guest %", "guestUtilization", "percent"],
    ],
  },
  {
    title: "RSS on host",
    format: "bytes",
    pasts: ["rss"],
    value: whole("rss"),
    full: whole("memoryLimit"),
    beside: [["balloon", "balloon", "bytes"]],
  },
  {
    title: "disk read /s",
    format: "bytes",
    pasts: ["readBytes"],
    value: whole("readBytes"),
    beside: [
      ["reads", "reads", "count"],
      ["ms", "readLatency", "milliseconds"],
    ],
  },
  {
    title: "disk write /s",
    format: "bytes",
    pasts: ["writtenBytes"],
    value: whole("writtenBytes"),
    beside: [
      ["writes", "writes", "count"],
      ["ms", "writeLatency", "milliseconds"],
    ],
  },
  {
    title: "network in /s",
    format: "traffic",
    pasts: ["receivedBytes"],
    value: whole("receivedBytes"),
    beside: [
      ["packets", "receivedPackets", "count"],
      ["drops", "drops", "count"],
    ],
  },
  {
    title: "network out /s",
    format: "traffic",
    pasts: ["sentBytes"],
    value: whole("sentBytes"),
    beside: [
      ["packets", "sentPackets", "count"],
      ["errors", "errors", "count"],
    ],
  },
];

/** A table of a VM's parts, with sparklines of these figures. */
export interface PartTable {
  readonly kind: DeviceKind;
  readonly title: string;
  readonly columns: readonly NumberColumn[];
  readonly pasts: readonly (readonly [title: string, name: FigureName, full?: number])[];
}

const column = (name: FigureName, title: string, look: Pick<NumberColumn, "format" | "bad">): NumberColumn =>
  figureColumn(name, { id: name, title, rank: 0, help: "", ...look });

/** A VM's parts, table by table. */
export const PART_TABLES: readonly PartTable[] = [
  {
    kind: "vcpu",
    title: "VCPU",
    columns: [
      column("vcpuTime", "CPU%", { format: "percent", bad: 0.95 }),
      column("steal", "STEAL", { format: "percent", bad: 0.1 }),
      column("wait", "RUNQ", { format: "percent", bad: 0.1 }),
    ],
    pasts: [
      ["CPU", "vcpuTime", 1],
      ["STEAL", "steal", 0.1],
    ],
  },
  {
    kind: "disk",
    title: "DISK",
    columns: [
      column("readBytes", "READ", { format: "bytes" }),
      column("writtenBytes", "WRITE", { format: "bytes" }),
      column("reads", "RD/s", { format: "count" }),
      column("writes", "WR/s", { format: "count" }),
      column("readLatency", "RDms", { format: "milliseconds", bad: 0.2 }),
      column("writeLatency", "WRms", { format: "milliseconds", bad: 0.2 }),
      column("diskSize", "SIZE", { format: "bytes" }),
      column("diskAllocation", "USED", { format: "bytes" }),
    ],
    pasts: [
      ["READ", "readBytes"],
      ["WRITE", "writtenBytes"],
    ],
  },
  {
    kind: "nic",
    title: "NIC",
    columns: [
      column("receivedBytes", "IN", { format: "traffic" }),
      column("sentBytes", "OUT", { format: "traffic" }),
      column("receivedPackets", "INp/s", { format: "count" }),
      column("sentPackets", "OUTp", { format: "count" }),
      column("drops", "DROPS", { format: "count", bad: Number.MIN_VALUE }),
      column("errors", "ERRS", { format: "count", bad: Number.MIN_VALUE }),
    ],
    pasts: [
      ["IN", "receivedBytes"],
      ["OUT", "sentBytes"],
    ],
  },
];
