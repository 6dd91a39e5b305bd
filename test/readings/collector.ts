import type { TestContext } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { connect, type DomainRef, listAllDomains } from "../../src/libvirt/index.ts";
import { Lanes } from "../../src/libvirt/lanes.ts";
import type { Collected } from "../../src/readings/collector-cycle.ts";
import { DomainCollector } from "../../src/readings/domain-collector.ts";
import type { LocalReading } from "../../src/readings/domain-processes.ts";
import type { DomainProcess } from "../../src/readings/domain.ts";
import { createStatisticsReader } from "../../src/readings/read-statistics.ts";
import type { PaceOptions } from "../../src/readings/reading-schedule.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { CORE_GROUPS } from "../core-groups.ts";

const nothing = (): undefined => undefined;

/** A collector of a simulator's domains, a cycle at a time. */
export class Collector {
  readonly #collector: DomainCollector;
  readonly lanes: Lanes;
  processes: ReadonlyMap<string, DomainProcess> = new Map();
  local: ReadonlyMap<string, LocalReading> = new Map();

  constructor(lanes: Lanes, pace: PaceOptions | undefined) {
    this.lanes = lanes;
    this.#collector = new DomainCollector({
      groups: CORE_GROUPS,
      pace,
      timeoutMs: 5000,
      lookAfterMs: 600,
      clock: systemClock,
      reader: createStatisticsReader(),
    });
  }

  static async open(t: TestContext, simulator: Simulator, pace?: PaceOptions): Promise<Collector> {
    const lanes = new Lanes(await connect(simulator.uri), () => connect(simulator.uri));
    t.after(() => lanes.close());
    return new Collector(lanes, pace);
  }

  async cycle(
    list?: readonly DomainRef[],
  ): Promise<Collected & { groups: Map<string, string>; domains: readonly DomainRef[] }> {
    const domains = list ?? (await this.lanes.main.call(listAllDomains, { flags: 0 }));
    const context = {
      processes: this.processes,
      local: this.local,
      lastKnown: nothing,
      description: nothing,
      singleDisksPay: true,
      signal: new AbortController().signal,
    };
    const collected = await this.#collector.collect(this.lanes, domains, context);
    const groups = new Map(
      domains.map(({ name, uuid }) => {
        const readAt = Object.keys(collected.statistics.get(uuid)?.readAt ?? {});
        return [name, readAt.toSorted().join(" ")];
      }),
    );
    return { ...collected, groups, domains };
  }
}

/** Names of the domains that there are. */
export function running(simulator: Simulator): string[] {
  return simulator.domains().map(({ name }) => name);
}

/** What a cycle told of the way to a domain's QEMU. */
export function control({ statistics, domains }: Awaited<ReturnType<Collector["cycle"]>>, name: string) {
  const uuid = domains.find((domain) => domain.name === name)?.uuid ?? "";
  return statistics.get(uuid)?.items.control?.[0]?.values;
}
