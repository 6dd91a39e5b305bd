import { filesystemShare } from "../derived-host.ts";
import type { HostRow } from "../rows.ts";

const READ = { "disk.io.direction": "read" } as const;
const WRITE = { "disk.io.direction": "write" } as const;
const RECEIVE = { "network.io.direction": "receive" } as const;
const TRANSMIT = { "network.io.direction": "transmit" } as const;

/** The host's disks, file systems and network interfaces. */
export const HOST_DEVICE_METRICS = [
  {
    name: "system.disk.io",
    kind: "counter",
    unit: "By",
    description: "Bytes read from and written to the host's disk.",
    on: true,
    scope: "hostDisk",
    from: "fields",
    sources: [
      { field: "readSectors", attributes: READ },
      { field: "writtenSectors", attributes: WRITE },
    ],
  },
  {
    name: "system.disk.operations",
    kind: "counter",
    unit: "{operation}",
    description: "Reads and writes of the host's disk.",
    on: true,
    scope: "hostDisk",
    from: "fields",
    sources: [
      { field: "readOperations", attributes: READ },
      { field: "writeOperations", attributes: WRITE },
    ],
  },
  {
    name: "system.disk.operation_time",
    kind: "counter",
    unit: "s",
    description: "Time that all reads and writes of the host's disk took together.",
    on: true,
    scope: "hostDisk",
    from: "fields",
    sources: [
      { field: "readTimeMs", attributes: READ },
      { field: "writeTimeMs", attributes: WRITE },
    ],
  },
  {
    name: "system.disk.io_time",
    kind: "counter",
    unit: "s",
    description: "Time in which the host's disk had anything to do.",
    on: true,
    scope: "hostDisk",
    from: "fields",
    sources: [{ field: "busyTimeMs" }],
  },
  {
    name: "system.disk.merged",
    kind: "counter",
    unit: "{operation}",
    description: "Reads and writes of the host's disk that were joined with others.",
    on: true,
    scope: "hostDisk",
    from: "fields",
    sources: [
      { field: "readsMerged", attributes: READ },
      { field: "writesMerged", attributes: WRITE },
    ],
  },
  {
    name: "system.disk.limit",
    kind: "updowncounter",
    unit: "By",
    description: "Size of the host's disk.",
    on: true,
    scope: "hostDiskSize",
    from: "fields",
    sources: [{ field: "sizeSectors" }],
  },
  {
    name: "system.filesystem.usage",
    kind: "updowncounter",
    unit: "By",
    description: "Space of the host's file system by state; reserved is for root alone.",
    on: true,
    scope: "hostFilesystem",
    from: "fields",
    sources: [
      { field: "usedBytes", attributes: { "system.filesystem.state": "used" } },
      { field: "freeBytes", attributes: { "system.filesystem.state": "free" } },
      { field: "reservedBytes", attributes: { "system.filesystem.state": "reserved" } },
    ],
  },
  {
    name: "system.filesystem.limit",
    kind: "updowncounter",
    unit: "By",
    description: "Size of the host's file system.",
    on: true,
    scope: "hostFilesystem",
    from: "fields",
    sources: [{ field: "sizeBytes" }],
  },
  {
    name: "system.filesystem.utilization",
    kind: "gauge",
    unit: "1",
    description: "Share of the host's file system that is full, as df shows it.",
    on: true,
    scope: "hostFilesystem",
    from: "derivations",
    sources: [{ derivation: filesystemShare }],
  },
  {
    name: "system.network.io",
    kind: "counter",
    unit: "By",
    description: "Bytes that the host's interface received and transmitted.",
    on: true,
    scope: "hostNic",
    from: "fields",
    sources: [
      { field: "receivedBytes", attributes: RECEIVE },
      { field: "transmittedBytes", attributes: TRANSMIT },
    ],
  },
  {
    name: "system.network.packet.count",
    kind: "counter",
    unit: "{packet}",
    description: "Packets that the host's interface received and transmitted.",
    on: true,
    scope: "hostNic",
    from: "fields",
    sources: [
      { field: "receivedPackets", attributes: RECEIVE },
      { field: "transmittedPackets", attributes: TRANSMIT },
    ],
  },
  {
    name: "system.network.packet.dropped",
    kind: "counter",
    unit: "{packet}",
    description: "Packets that the host's interface dropped.",
    on: true,
    scope: "hostNic",
    from: "fields",
    sources: [
      { field: "receiveDrops", attributes: RECEIVE },
      { field: "transmitDrops", attributes: TRANSMIT },
    ],
  },
  {
    name: "system.network.errors",
    kind: "counter",
    unit: "{error}",
    description: "Errors on the host's interface while receiving and transmitting.",
    on: true,
    scope: "hostNic",
    from: "fields",
    sources: [
      { field: "receiveErrors", attributes: RECEIVE },
      { field: "transmitErrors", attributes: TRANSMIT },
    ],
  },
] as const satisfies readonly HostRow[];
