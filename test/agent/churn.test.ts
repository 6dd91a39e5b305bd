import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { systemClock } from "../../src/clock.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import { requiredGroups, selectRows } from "../../src/metrics/selection.ts";
import { cutRequests } from "../../src/otlp/batch.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulated } from "../simulated.ts";

/** Domains that are alive at a time, replaced as a whole between cycles. */
const GENERATION = 50;
const REQUEST_LIMIT_BYTES = 4_000_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What is alive: of the heap, and of the buffers outside it. */
function liveBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Everything between the socket and the bytes of a request, as the agent uses it. */
function stages(simulator: Simulator) {
  const rows = selectRows(DOMAIN_ROWS);
  const source = new HypervisorSource({
    uri: simulator.uri,
    timeoutMs: 5000,
    groups: requiredGroups(rows),
    wanted: () => true,
    clock: systemClock,
  });
  const meter = new DomainMeter({ rows });
  const scope = kvmeterScope("0.0.0");
  const { signal } = new AbortController();
  async function cycle(): Promise<number> {
    const reading = await source.read(signal);
    assert.deepEqual(reading.problems, []);
    const requests = cutRequests(encodeCycle(meter.update(reading), scope), REQUEST_LIMIT_BYTES);
    return requests.reduce((sum, { pointCount }) => sum + pointCount, 0);
  }
  return { source, meter, cycle };
}

test("memory does not grow with the domains that came and went", async (t) => {
  const simulator = await simulated(t, { domains: 0, shape: { vcpus: 2, disks: 2, nics: 2 } });
  const { source, meter, cycle } = stages(simulator);
  t.after(() => source.close());
  let born = 0;
  async function churn(until: number): Promise<void> {
    while (born < until) {
      for (const { uuid } of simulator.domains()) simulator.destroyDomain(uuid);
      for (let index = 0; index < GENERATION; index += 1) simulator.createDomain({ name: `vm-${born++}` });
      assert.ok((await cycle()) > GENERATION * 50, "the newcomers have points");
      assert.equal(meter.domainCount, GENERATION);
    }
  }

  await churn(500);
  const early = liveBytes();
  await churn(2000);
  const late = liveBytes();
  // Compiled code comes and goes by some hundred kB. Were its description kept, a domain would leave 3 kB, in the
  // meter 60 kB.
  assert.ok(late - early < 1_500_000, `${late - early} bytes more after 1,500 more domains`);

  for (const { uuid } of simulator.domains()) simulator.destroyDomain(uuid);
  assert.equal(await cycle(), 0);
  assert.equal(meter.domainCount, 0);
  const none = liveBytes();
  assert.ok(late - none > GENERATION * 10_000, `${GENERATION} domains held ${late - none} bytes`);
});
