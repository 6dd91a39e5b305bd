/** Delivery in the large: what takes minutes, side by side. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { simulated } from "../simulated.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { killAgents } from "./delivery/agent-kills.ts";
import { runOutage } from "./delivery/long-outage.ts";
import { assertSameSamples } from "./exported.ts";

after(takeDownOwned);

const AWAY_MS = 5 * 60_000;

describe("delivery", { concurrency: true }, async () => {
  test(
    "VictoriaMetrics and Prometheus are away for five minutes: they get everything, at its own time, in order",
    { skip: await skipWithout("victoriametrics", "prometheus"), timeout: AWAY_MS + 180_000 },
    async (t) => {
      const { victoria, prometheus, cycles, longestGapMs, log } = await runOutage(
        await simulated(t, { domains: 4, shape: { timedDisks: true } }),
        AWAY_MS,
      );
      t.diagnostic(`${cycles} cycles, ${victoria.expected.size} and ${prometheus.expected.size} samples`);
      assert.ok(cycles > 150, `${cycles} cycles`);
      assert.ok(victoria.expected.size > 100 * cycles, `${victoria.expected.size} samples`);
      assertSameSamples(victoria.expected, victoria.stored);
      assertSameSamples(prometheus.expected, prometheus.stored);
      // A busy machine is late now and then; what waited for the backend would wait for minutes.
      assert.ok(longestGapMs < 30_000, `collection stood still for ${longestGapMs} ms`);
      // One line when each goes away, none for anything refused.
      const warnings = log.filter(({ level, destination }) => level !== "info" && destination !== undefined);
      assert.equal(warnings.length, 2, warnings.map(({ msg }) => msg).join("\n"));
    },
  );

  test(
    "200 agents killed at random moments: nothing that was queued is lost",
    { timeout: 400_000 },
    async (t) => {
      const { uri } = await simulated(t, { domains: 2 });
      const reports = await Promise.all([killAgents(100, uri), killAgents(100, uri)]);
      for (const report of reports) {
        t.diagnostic(JSON.stringify(report));
        const { committed, withQueue, duringSend, beforeAcknowledge } = report;
        assert.ok(committed > 50, `only ${committed} batches were queued`);
        assert.ok(withQueue > 20 && duringSend > 10 && beforeAcknowledge > 10, "the kills hit nothing");
      }
    },
  );
});
