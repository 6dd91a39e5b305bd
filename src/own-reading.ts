import type { Clock } from "./clock.ts";
import type { ExportPipeline } from "./export-pipeline.ts";
import type { LibvirtStatistics } from "./libvirt/statistics.ts";
import type { AgentReading } from "./metrics/agent-meter.ts";
import type { SourceOutcome } from "./poll.ts";
import type { HypervisorReading } from "./readings/domain.ts";

/** Where the agent looks to know itself. */
export interface OwnState {
  readonly clock: Clock;
  readonly outcomes: readonly SourceOutcome<HypervisorReading>[];
  readonly skippedCycles: number;
  readonly calls: LibvirtStatistics;
  readonly pipelines: readonly ExportPipeline[];
}

/** What the agent knows of itself at this moment. */
export function readAgent({ clock, outcomes, skippedCycles, calls, pipelines }: OwnState): AgentReading {
  const cpu = process.cpuUsage();
  return {
    at: clock.now(),
    sources: outcomes,
    skippedCycles,
    libvirtCalls: calls.procedures,
    unknownFields: outcomes.flatMap(({ reading }) => (reading === undefined ? [] : [reading.unknownFields])),
    destinations: pipelines
      .flatMap(({ destinations }) => destinations)
      .map(({ name, counts }) => ({
        name,
        exportedPoints: counts.exportedPoints,
        droppedPoints: new Map(Object.entries(counts.droppedPoints)),
      })),
    cpuUserUs: cpu.user,
    cpuSystemUs: cpu.system,
    memoryBytes: process.memoryUsage.rss(),
  };
}
