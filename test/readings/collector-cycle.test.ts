import assert from "node:assert/strict";
import { test } from "node:test";

import { systemClock } from "../../src/clock.ts";
import type { DomainRef } from "../../src/libvirt/index.ts";
import { CollectorCycle, type CycleContext } from "../../src/readings/collector-cycle.ts";
import type { LocalReading } from "../../src/readings/domain-processes.ts";
import type { DomainStatistics } from "../../src/readings/statistics.ts";
import { simulated } from "../simulated.ts";
import { Collector } from "./collector.ts";

const at = systemClock.now();
const web: DomainRef = { name: "web", uuid: "00000000-0000-4000-8000-000000000001", id: 1 };

const vcpuCount = (values: { current?: number; maximum?: number }): DomainStatistics["items"] => ({
  vcpuCount: [{ path: [], parent: undefined, values }],
});

/** The kernel has told that the domain has two vCPUs. */
function local(nics?: DomainStatistics): ReadonlyMap<string, LocalReading> {
  const vcpu = { readAt: { vcpu: at, "vcpu-count": at }, items: vcpuCount({ current: 2 }) };
  const likeLibvirt = { cpu: undefined, vcpu, rss: undefined, nics };
  const statistics = { readAt: {}, items: {} };
  return new Map([[web.uuid, { state: "S", statistics, likeLibvirt }]]);
}

/** The groups that need not be asked for, and what is known of the number of vCPUs. */
function told(cycle: CollectorCycle): unknown[] {
  const { statistics } = cycle.collected([]);
  return [
    [...cycle.askContext(web, 0).elsewhere].join(" "),
    statistics.get(web.uuid)?.items.vcpuCount?.[0]?.values,
  ];
}

function contextOf(
  lastKnown: DomainStatistics | undefined,
  reading: ReadonlyMap<string, LocalReading>,
): CycleContext {
  return {
    processes: new Map(),
    local: reading,
    lastKnown: () => lastKnown,
    description: () => undefined,
    singleDisksPay: true,
    signal: new AbortController().signal,
  };
}

test("what a domain may have of vCPUs is asked once for each run of it", async (t) => {
  const { lanes } = await Collector.open(t, await simulated(t, { domains: 1 }));
  const cycleOf = (lastKnown: DomainStatistics | undefined): CollectorCycle =>
    new CollectorCycle(lanes, [web], contextOf(lastKnown, local()));
  assert.deepEqual(told(cycleOf(undefined)), ["vcpu", { current: 2 }]);
  const onlyCurrent = { readAt: {}, items: vcpuCount({ current: 1 }) };
  assert.deepEqual(told(cycleOf(onlyCurrent)), ["vcpu", { current: 2 }]);
  const whole = { readAt: {}, items: vcpuCount({ current: 1, maximum: 4 }) };
  assert.deepEqual(told(cycleOf(whole)), ["vcpu vcpu-count", { current: 2, maximum: 4 }]);
});

test("vNICs that the kernel has told of need not be asked for", async (t) => {
  const { lanes } = await Collector.open(t, await simulated(t, { domains: 1 }));
  const nics: DomainStatistics = {
    readAt: { interface: at },
    items: { nicCount: [{ path: [], parent: undefined, values: { nics: 0 } }], nic: [] },
  };
  const cycle = new CollectorCycle(lanes, [web], contextOf(undefined, local(nics)));
  assert.deepEqual(told(cycle), ["vcpu interface", { current: 2 }]);
  const statistics = cycle.collected([]).statistics.get(web.uuid);
  assert.equal(statistics?.readAt.interface, at);
  assert.equal(statistics.items.nicCount?.[0]?.values.nics, 0);
});
