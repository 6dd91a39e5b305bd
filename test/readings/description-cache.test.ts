import assert from "node:assert/strict";
import { test } from "node:test";

import { systemClock } from "../../src/clock.ts";
import type { LibvirtConnection } from "../../src/libvirt/connection.ts";
import { connect, listAllDomains } from "../../src/libvirt/index.ts";
import { DescriptionCache } from "../../src/readings/description-cache.ts";
import { simulated } from "../simulated.ts";
import { NOTHING } from "./local-readings.ts";

async function refresh(cache: DescriptionCache, connection: LibvirtConnection) {
  const domains = await connection.call(listAllDomains, { flags: 0 });
  const statistics = new Map(domains.map(({ uuid }) => [uuid, NOTHING]));
  assert.deepEqual(await cache.refresh(connection, domains, { statistics, withinMs: 5000 }), []);
  const [domain] = domains;
  assert.ok(domain);
  return domain;
}

test("what is described is current for this run of the domain, until an event says that it changed", async (t) => {
  const simulator = await simulated(t, { domains: 1 });
  const connection = await connect(simulator.uri);
  t.after(() => connection.close());
  const cache = new DescriptionCache();
  const domain = await refresh(cache, connection);
  assert.equal(cache.current(domain)?.name, domain.name);
  assert.equal(cache.current({ ...domain, id: domain.id + 1 }), undefined);
  const event = {
    kind: "deviceAdded",
    domain,
    type: "device_added",
    detail: "",
    alias: "net1",
  } as const;
  cache.apply([{ at: systemClock.now(), event }]);
  assert.equal(cache.current(domain), undefined);
  assert.equal(
    cache.get(domain.uuid)?.name,
    domain.name,
    "what things are called is still the best that is known",
  );
  await refresh(cache, connection);
  assert.equal(cache.current(domain)?.name, domain.name);
});
