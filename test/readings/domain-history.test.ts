import assert from "node:assert/strict";
import { test } from "node:test";

import type { Instant } from "../../src/clock.ts";
import { DomainHistory } from "../../src/readings/domain-history.ts";
import type { DomainReading } from "../../src/readings/domain.ts";

function instant(ms: number): Instant {
  return { wallNs: BigInt(ms) * 1_000_000n, monotonicMs: ms };
}

test("what is told of a domain that is gone is never older than what was told before", () => {
  const domain = { uuid: "u", name: "brief", id: 7 };
  const read = (ms: number) => ({ readAt: { cpu: instant(ms) }, items: { cpu: [] } });
  const early = { ...domain, description: undefined, statistics: read(50) };
  const history = new DomainHistory({ get: () => early });
  const statistics = read(120);
  const reading: DomainReading = {
    ...domain,
    description: undefined,
    process: undefined,
    statistics,
    lastKnown: statistics,
  };
  // The list was an older one, so the events of before it wait for the next cycle.
  history.update([reading], { events: [], listedAt: instant(100) });
  const event = { kind: "lifecycle", domain, type: "stopped", detail: "destroyed" } as const;
  const { gone } = history.update([], { events: [{ at: instant(90), event }], listedAt: instant(200) });
  assert.deepEqual(
    gone.map(({ statistics: { readAt } }) => readAt),
    [{ event: instant(200) }],
  );

  const another = { ...early, id: 8, statistics: read(150) };
  const restarted = new DomainHistory({ get: () => another });
  restarted.update([reading], { events: [], listedAt: instant(100) });
  const later = restarted.update([], { events: [{ at: instant(90), event }], listedAt: instant(200) });
  assert.deepEqual(later.gone[0]?.statistics.readAt, { cpu: instant(150), event: instant(200) });
});
