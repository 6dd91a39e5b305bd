import type { Configuration, DestinationConfiguration, LogsConfiguration } from "./config/configuration.ts";
import type { Logger } from "./log.ts";
import { type Occurrence, recordsByResource } from "./metrics/occurrences.ts";
import type { ResourceOptions } from "./metrics/resources.ts";
import type { Destination } from "./otlp/destination.ts";
import { encodeLogs } from "./otlp/encode-logs.ts";
import type { StateStore } from "./otlp/queue/contract.ts";
import { createQueuedDestination } from "./otlp/queued-destination.ts";
import { kvmeterScope, type Scope } from "./otlp/scope.ts";
import { VERSION } from "./version.ts";

interface EventPipelineContext {
  readonly log: Logger;
  readonly store: StateStore;
}

/** A destination of log records, with what it wants. */
interface Outlet {
  readonly destination: Destination;
  readonly limitBytes: number;
  readonly resource: ResourceOptions;
}

/** The way from what happened to bytes, for every destination that takes log records. */
export class EventPipeline {
  readonly #outlets: readonly Outlet[];
  readonly #scope: Scope = kvmeterScope(VERSION);

  constructor(configuration: Configuration, context: EventPipelineContext) {
    this.#outlets = configuration.destinations.flatMap((destination) => {
      const { logs } = destination;
      return logs === undefined ? [] : [createOutlet(configuration, { ...context, destination, logs })];
    });
  }

  /** Its destinations. Each has a queue of its own: log records wait for no metrics, nor metrics for them. */
  get destinations(): readonly Destination[] {
    return this.#outlets.map(({ destination }) => destination);
  }

  /**
   * Turns what happened into requests and hands them over to the queues. Each call makes a request of its own for each
   * destination: what happens at once is given together.
   */
  export(occurrences: readonly Occurrence[]): void {
    for (const { destination, limitBytes, resource } of this.#outlets) {
      destination.deliver(
        encodeLogs(recordsByResource(occurrences, resource), { scope: this.#scope, limitBytes }),
      );
    }
  }

  /** Lets every destination send what it still has, within so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.destinations.map((destination) => destination.close(timeoutMs)));
  }
}

function createOutlet(
  { serviceName, resourceAttributes }: Configuration,
  { log, store, destination, logs }: EventPipelineContext & OutletConfiguration,
): Outlet {
  const { name, identity, hostAttribute, order, replayRateBytesPerS } = destination;
  return {
    destination: createQueuedDestination({
      ...logs,
      signal: "logs",
      order,
      replayRateBytesPerS,
      log,
      queue: store.queue(`${name}/logs`, logs.queue),
    }),
    limitBytes: logs.requestLimitBytes,
    resource: { serviceName, attributes: resourceAttributes, identity, hostAttribute },
  };
}

interface OutletConfiguration {
  readonly destination: DestinationConfiguration;
  readonly logs: LogsConfiguration;
}
