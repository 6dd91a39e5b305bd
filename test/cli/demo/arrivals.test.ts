import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrivals } from "../../../src/cli/demo/arrivals.ts";
import { RECEIVED_AGENT, receivedDomain, REQUEST } from "./received.ts";

test("rates are what was moved between two arrivals", () => {
  const arrivals = new Arrivals();
  arrivals.take([receivedDomain({ uuid: "a", timeS: 10, read: 1000 }), RECEIVED_AGENT], REQUEST);
  assert.equal(arrivals.domains[0]?.rates.diskRead, undefined);
  arrivals.take([receivedDomain({ uuid: "a", timeS: 14, read: 3000 }), RECEIVED_AGENT], REQUEST);
  assert.deepEqual(arrivals.domains[0]?.rates, {
    diskRead: 500,
    diskWritten: 0,
    received: undefined,
    sent: undefined,
  });
});

test("a domain that comes, changes its state and goes is told of, and counted", () => {
  const arrivals = new Arrivals();
  const first = receivedDomain({ uuid: "a", timeS: 1 });
  assert.deepEqual(arrivals.take([first, RECEIVED_AGENT], REQUEST), []);
  const second = [
    receivedDomain({ uuid: "a", timeS: 2, state: "paused" }),
    receivedDomain({ uuid: "b", timeS: 2 }),
  ];
  assert.deepEqual(arrivals.take([...second, RECEIVED_AGENT], REQUEST), [
    { domain: "a", what: "was running, is paused" },
    { domain: "b", what: "has appeared" },
  ]);
  const third = receivedDomain({ uuid: "a", timeS: 3, state: "paused" });
  assert.deepEqual(arrivals.take([third, RECEIVED_AGENT], REQUEST), [{ domain: "b", what: "is gone" }]);
  assert.deepEqual(
    arrivals.domains.map(({ name }) => name),
    ["a"],
  );
  const { cycles, requests, bytes, domains, created, destroyed } = arrivals.totals;
  assert.deepEqual(
    { cycles, requests, bytes, domains, created, destroyed },
    { cycles: 3, requests: 3, bytes: 300, domains: 2, created: 1, destroyed: 1 },
  );
});

test("a domain whose series end is gone", () => {
  const arrivals = new Arrivals();
  arrivals.take([receivedDomain({ uuid: "a", timeS: 1 }), RECEIVED_AGENT], REQUEST);
  const end = receivedDomain({ uuid: "a", timeS: 2, gone: true });
  assert.deepEqual(arrivals.take([end, RECEIVED_AGENT], REQUEST), [{ domain: "a", what: "is gone" }]);
});

test("a cycle can come in several requests", () => {
  const arrivals = new Arrivals();
  assert.equal(arrivals.take([receivedDomain({ uuid: "a", timeS: 1 })], REQUEST), undefined);
  assert.deepEqual(arrivals.take([receivedDomain({ uuid: "b", timeS: 1 }), RECEIVED_AGENT], REQUEST), []);
  assert.equal(arrivals.totals.cycles, 1);
  assert.equal(arrivals.totals.points, 4);
});

test("two domains of one name are two", () => {
  const arrivals = new Arrivals();
  const twins = ["1", "2"].map((uuid) => receivedDomain({ uuid, name: "twin", timeS: 1 }));
  arrivals.take(twins, REQUEST);
  assert.equal(arrivals.domains.length, 2);
});

test("log records are counted, and told of with the next cycle", () => {
  const arrivals = new Arrivals();
  const record = {
    timeNs: undefined,
    observedTimeNs: 1n,
    eventName: "libvirt.domain.lifecycle",
    severityNumber: 9,
    severityText: "INFO",
    body: "started: booted",
    attributes: {},
  };
  const attributes = { "libvirt.domain.name": "web1", "host.name": "kvm7" };
  arrivals.takeLogs([{ attributes, records: [record, { ...record, body: undefined }] }], REQUEST);
  assert.deepEqual(arrivals.take([RECEIVED_AGENT], REQUEST), [
    { domain: "web1", what: "libvirt.domain.lifecycle started: booted" },
    { domain: "web1", what: "libvirt.domain.lifecycle" },
  ]);
  const { records, requests, bytes } = arrivals.totals;
  assert.deepEqual({ records, requests, bytes }, { records: 2, requests: 2, bytes: 200 });
});
