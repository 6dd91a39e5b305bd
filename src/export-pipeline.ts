import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import type { Configuration } from "./config/configuration.ts";
import type { Logger } from "./log.ts";
import { AgentMeter, type AgentReading } from "./metrics/agent-meter.ts";
import { AGENT_METRICS, DOMAIN_ROWS } from "./metrics/definitions.ts";
import { DomainMeter } from "./metrics/domain-meter.ts";
import type { ResourceOptions } from "./metrics/resources.ts";
import { selectRows } from "./metrics/selection.ts";
import { cutRequests } from "./otlp/batch.ts";
import type { Destination } from "./otlp/destination.ts";
import { encodeCycle } from "./otlp/encode.ts";
import { QUEUE_DEFAULTS } from "./otlp/options.ts";
import type { StateStore } from "./otlp/queue/contract.ts";
import { createQueuedDestination } from "./otlp/queued-destination.ts";
import { kvmeterScope, type Scope } from "./otlp/scope.ts";
import type { SourceOutcome } from "./poll.ts";
import type { HypervisorReading } from "./readings/domain.ts";
import { VERSION } from "./version.ts";

type Outcome = SourceOutcome<HypervisorReading>;

interface PipelineOptions {
  readonly outlets: readonly Outlet[];
  readonly identity: ResourceOptions["identity"];
  /** Of this process. */
  readonly instanceId: string;
  readonly log: Logger;
}

/** A destination, with the size of request that it takes. */
interface Outlet {
  readonly destination: Destination;
  readonly requestLimitBytes: number;
}

/**
 * The way from readings to bytes for the destinations that want the same points: those with the same identity mode.
 * Each hypervisor has a meter of its own, since a VM on its way from one to the other is for a while on both.
 */
export class ExportPipeline {
  readonly #outlets: readonly Outlet[];
  readonly #createMeter: () => DomainMeter;
  readonly #meters = new Map<string, DomainMeter>();
  readonly #agentMeter: AgentMeter;
  readonly #scope: Scope = kvmeterScope(VERSION);

  constructor(configuration: Configuration, { outlets, identity, instanceId, log }: PipelineOptions) {
    const resource: ResourceOptions = {
      serviceName: configuration.serviceName,
      attributes: configuration.resourceAttributes,
      identity,
    };
    this.#outlets = outlets;
    this.#createMeter = () =>
      new DomainMeter({
        rows: selectRows(DOMAIN_ROWS, configuration.metrics),
        resource,
        onDuplicate: (domain, attributes) =>
          log.debug({ domain, attributes }, "left out: another thing of the domain has these attributes"),
      });
    this.#agentMeter = new AgentMeter({
      agent: { version: VERSION, instanceId: instanceId, hostName: hostname(), pid: process.pid },
      startedAtNs: BigInt(Math.round(performance.timeOrigin)) * 1_000_000n,
      rows: selectRows(AGENT_METRICS, configuration.metrics),
      resource,
    });
  }

  /** Its destinations. */
  get destinations(): readonly Destination[] {
    return this.#outlets.map(({ destination }) => destination);
  }

  /** Turns a cycle's readings into requests and hands them over. */
  export(outcomes: readonly Outcome[], own: AgentReading): void {
    const domains = outcomes.flatMap(({ source, reading }) =>
      reading === undefined ? [] : this.#meterOf(source).update(reading),
    );
    const cycle = encodeCycle([...domains, this.#agentMeter.update(own)], this.#scope);
    for (const { destination, requestLimitBytes } of this.#outlets) {
      destination.deliver(cutRequests(cycle, requestLimitBytes));
    }
  }

  /** Lets every destination send what it still has, within so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.destinations.map((destination) => destination.close(timeoutMs)));
  }

  #meterOf(source: string): DomainMeter {
    let meter = this.#meters.get(source);
    if (meter === undefined) {
      meter = this.#createMeter();
      this.#meters.set(source, meter);
    }
    return meter;
  }
}

/** One pipeline for each identity mode that a destination has. */
export function createPipelines(
  configuration: Configuration,
  { log, store }: { readonly log: Logger; readonly store: StateStore },
): ExportPipeline[] {
  const instanceId = randomUUID();
  const byIdentity = Map.groupBy(configuration.destinations, ({ identity }) => identity);
  return Array.from(byIdentity, ([identity, destinations]) => {
    const outlets = destinations.map((options) => ({
      destination: createQueuedDestination({
        ...options,
        log,
        queue: store.queue(options.name, QUEUE_DEFAULTS),
        order: "oldest-first",
        replayRateBytesPerS: QUEUE_DEFAULTS.replayRateBytesPerS,
      }),
      requestLimitBytes: options.requestLimitBytes,
    }));
    return new ExportPipeline(configuration, { outlets, identity, instanceId, log });
  });
}
