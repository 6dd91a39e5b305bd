/** Real backends name every metric of the table as the dashboards and rules for them have it. */
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { NAMINGS } from "../../scripts/generate/promql/namings.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { startVictoriaMetrics } from "./bed/victoriametrics.ts";
import { everyName, sendEveryName } from "./every-name.ts";

after(takeDownOwned);

for (const [name, flags] of [
  ["victoriametrics", []],
  ["victoriametrics-prometheus-naming", ["-opentelemetry.usePrometheusNaming"]],
] as const) {
  test(`VictoriaMetrics: ${name}`, { skip: await skipWithout("victoriametrics") }, async () => {
    const victoria = await startVictoriaMetrics(flags);
    await sendEveryName(victoria.otlpMetricsUrl);
    const expected = everyName(name);
    const stored = await waitFor(
      async () => {
        await victoria.flush();
        const all = await victoria.export('{__name__!=""}');
        return all.length >= expected.length && all;
      },
      { what: "VictoriaMetrics to have all series" },
    );
    const names = new Set(stored.map(({ metric }) => String(metric["__name__"])));
    assert.deepEqual([...names].toSorted(), expected);
    const { label } = NAMINGS[name];
    for (const { metric } of stored) {
      assert.equal(metric[label("host.name")], "kvm1");
      assert.equal(metric[label("disk.io.direction")], "read");
    }
    await victoria.stop();
  });
}
