import assert from "node:assert/strict";
import { test } from "node:test";

import { simulated } from "../simulated.ts";
import { liveBytes, stagesOf } from "./stages.ts";

/** Domains that are alive at a time, replaced as a whole between cycles. */
const GENERATION = 50;

test("memory does not grow with the domains that came and went", async (t) => {
  const simulator = await simulated(t, { domains: 0, shape: { vcpus: 2, disks: 2, nics: 2 } });
  const { read, meter, requests } = stagesOf(t, simulator);
  async function cycle(): Promise<number> {
    const reading = await read();
    assert.deepEqual(reading.problems, []);
    return requests(meter.update(reading)).reduce((sum, { pointCount }) => sum + pointCount, 0);
  }
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
