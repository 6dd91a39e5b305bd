import type { TestContext } from "node:test";

import { systemClock } from "../../src/clock.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { requiredGroups, selectRows } from "../../src/metrics/selection.ts";
import { cutRequests } from "../../src/otlp/batch.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { HypervisorSource } from "../../src/readings/hypervisor-source.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { collectGarbage } from "../collect-garbage.ts";

export const REQUEST_LIMIT_BYTES = 4_000_000;

/** Everything between the socket and the bytes of a request, as the agent uses it. */
export function stagesOf(t: TestContext, { uri }: Simulator) {
  const rows = selectRows(DOMAIN_ROWS);
  const groups = requiredGroups(rows);
  const source = new HypervisorSource({
    uri,
    timeoutMs: 5000,
    groups,
    wanted: () => true,
    clock: systemClock,
  });
  t.after(() => source.close());
  const { signal } = new AbortController();
  const scope = kvmeterScope("0.0.0");
  return {
    read: () => source.read(signal),
    meter: new DomainMeter({ rows }),
    scope,
    requests: (points: readonly ResourcePoints[]) =>
      cutRequests(encodeCycle(points, scope), REQUEST_LIMIT_BYTES),
  };
}

/** What is alive: of the heap, and of the buffers outside it. */
export function liveBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
