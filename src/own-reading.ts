import { hostname } from "node:os";

import type { Clock } from "./clock.ts";
import { readRandomUuid } from "./host/random-uuid.ts";
import type { LibvirtStatistics } from "./libvirt/statistics.ts";
import type { AgentReading } from "./metrics/agent-meter.ts";
import type { AgentIdentity } from "./metrics/resources.ts";
import type { Destination } from "./otlp/destination.ts";
import type { Poller, SourceOutcome } from "./poll.ts";
import type { HypervisorReading } from "./readings/domain.ts";
import type { HostReading } from "./readings/host.ts";
import { VERSION } from "./version.ts";

/** Where the agent looks to know itself. */
export interface OwnState {
  readonly clock: Clock;
  readonly outcomes: readonly SourceOutcome<HypervisorReading>[];
  readonly hostOutcomes: readonly SourceOutcome<HostReading>[];
  readonly skippedCycles: number;
  readonly poller: Pick<Poller<HypervisorReading>, "durations">;
  readonly calls: LibvirtStatistics;
  readonly destinations: readonly Destination[];
}

/** Who this process is. The instance is another one after every start. */
export function identifyAgent(): AgentIdentity {
  const instanceId = readRandomUuid() ?? globalThis.crypto.randomUUID();
  return { version: VERSION, instanceId, hostName: hostname(), pid: process.pid };
}

/** What the agent knows of itself at this moment. */
export function readAgent({
  clock,
  outcomes,
  hostOutcomes,
  skippedCycles,
  poller,
  calls,
  destinations,
}: OwnState): AgentReading {
  const cpu = process.cpuUsage();
  return {
    at: clock.now(),
    sources: [
      ...outcomes.map((outcome) => ({ ...outcome, stretch: outcome.reading?.stretch })),
      ...hostOutcomes,
    ],
    skippedCycles,
    collectionDurations: poller.durations,
    libvirtCalls: calls.procedures,
    unknownFields: outcomes.flatMap(({ reading }) => (reading === undefined ? [] : [reading.unknownFields])),
    destinations: destinations.map(({ name, signal, counts, requestDurations }) => ({
      name,
      signal,
      exportedPoints: counts.exportedPoints,
      inFlightPoints: counts.inFlightPoints,
      requestDurations,
      queue: {
        batches: counts.queuedBatches,
        bytes: counts.queuedBytes,
        limitBytes: counts.queueLimitBytes,
        oldestAgeMs: counts.oldestAgeMs,
      },
      droppedPoints: new Map(Object.entries(counts.droppedPoints)),
    })),
    cpuUserUs: cpu.user,
    cpuSystemUs: cpu.system,
    memoryBytes: process.memoryUsage.rss(),
  };
}
