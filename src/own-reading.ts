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
export interface OwnReaderOptions {
  readonly clock: Clock;
  readonly poller: Pick<Poller<HypervisorReading>, "durations">;
  readonly calls: LibvirtStatistics;
  readonly destinations: readonly Destination[];
}

/** What it has just done. */
export interface OwnCycle {
  readonly outcomes: readonly SourceOutcome<HypervisorReading>[];
  readonly hostOutcomes: readonly SourceOutcome<HostReading>[];
  /** Since the start. */
  readonly skippedCycles: number;
}

/** Who this process is. The instance is another one after every start. */
export function identifyAgent(): AgentIdentity {
  const instanceId = readRandomUuid() ?? globalThis.crypto.randomUUID();
  return { version: VERSION, instanceId, hostName: hostname(), pid: process.pid };
}

/** Reads what the agent knows of itself. */
export class OwnReader {
  readonly #options: OwnReaderOptions;

  constructor(options: OwnReaderOptions) {
    this.#options = options;
  }

  /** At the end of a cycle. */
  read({ outcomes, hostOutcomes, skippedCycles }: OwnCycle): AgentReading {
    const { clock, poller, calls, destinations } = this.#options;
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
      unknownFields: outcomes.flatMap(({ reading }) =>
        reading === undefined ? [] : [reading.unknownFields],
      ),
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
}
