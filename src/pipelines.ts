import type { Configuration, DestinationConfiguration } from "./config/configuration.ts";
import { ExportPipeline, type PipelineOptions } from "./export-pipeline.ts";
import type { DeltaStore } from "./metrics/delta-store.ts";
import type { StateStore } from "./otlp/queue/contract.ts";
import { createQueuedDestination } from "./otlp/queued-destination.ts";

/**
 * One pipeline for each kind of points that destinations want. Who scrapes wants cumulative ones: where no destination
 * does, there is one for the local endpoint alone.
 */
export function createPipelines(
  configuration: Configuration,
  { log, store, agent }: Pick<PipelineOptions, "log" | "agent"> & { readonly store: StateStore },
): ExportPipeline[] {
  const takers = configuration.destinations.filter(({ signals }) => signals.includes("metrics"));
  const alike = Map.groupBy(takers, ({ identity, temporality, hostAttribute = "" }) =>
    [identity, temporality, hostAttribute].join(" ").trim(),
  );
  const pipelines = Array.from(alike, ([key, destinations]) => {
    const [wishes] = destinations as [DestinationConfiguration];
    const outlets = destinations.map((options) => ({
      destination: createQueuedDestination({
        ...options,
        log,
        queue: store.queue(options.name, options.queue),
      }),
      requestLimitBytes: options.requestLimitBytes,
    }));
    const deltaStore = wishes.temporality === "delta" ? deltaStoreOf(store, `deltas ${key}`) : undefined;
    return new ExportPipeline(configuration, { outlets, wishes, agent, log, deltaStore });
  });
  if (configuration.listen !== undefined && scrapedPipeline(pipelines) === undefined) {
    const wishes = { identity: "resource", temporality: "cumulative" } as const;
    pipelines.push(
      new ExportPipeline(configuration, { outlets: [], wishes, agent, log, deltaStore: undefined }),
    );
  }
  return pipelines;
}

/** The pipeline whose points the local endpoint shows. */
export function scrapedPipeline(pipelines: readonly ExportPipeline[]): ExportPipeline | undefined {
  return pipelines.find(({ temporality }) => temporality === "cumulative");
}

/** Keeps deltas beside the queues: what is put in the turn of the event loop of an append is written with it. */
function deltaStoreOf({ keyValue }: StateStore, key: string): DeltaStore {
  return { load: () => keyValue.get(key), save: (state) => keyValue.put(key, state) };
}
