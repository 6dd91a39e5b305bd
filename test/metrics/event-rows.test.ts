import assert from "node:assert/strict";
import { test } from "node:test";

import { EVENT_ROWS } from "../../src/metrics/definitions/events.ts";
import { type EventRow, eventRecord } from "../../src/metrics/event-rows.ts";
import type { Severity } from "../../src/metrics/log-records.ts";

const ROW: EventRow = {
  name: "libvirt.domain.example",
  description: "An example.",
  severity: "info",
  severities: { crashed: "error", "crashed/tested": "debug" },
};

function severityOf(row: EventRow, type: string, detail?: string): Severity {
  return eventRecord(row, { type, detail, observedTimeNs: 1n }).severity;
}

test("an event's record has its row's name, and libvirt's names as attributes", () => {
  const event = {
    type: "started",
    detail: "booted",
    attributes: { "libvirt.domain.id": 7 },
    observedTimeNs: 5n,
  };
  assert.deepEqual(eventRecord(ROW, event), {
    timeNs: undefined,
    observedTimeNs: 5n,
    eventName: "libvirt.domain.example",
    severity: "info",
    body: "started: booted",
    attributes: {
      "libvirt.event.type": "started",
      "libvirt.event.detail": "booted",
      "libvirt.domain.id": 7,
    },
  });
});

test("an event without a detail has none, and what the event says itself is the body and the time", () => {
  const event = { type: "resumed", timeNs: 3n, observedTimeNs: 5n, body: "it goes on" };
  const { body, timeNs, attributes } = eventRecord(ROW, event);
  assert.deepEqual([body, timeNs, attributes], ["it goes on", 3n, { "libvirt.event.type": "resumed" }]);
});

test("the severity is that of type and detail, else of the type, else of the row", () => {
  assert.equal(severityOf(ROW, "started", "booted"), "info");
  assert.equal(severityOf(ROW, "crashed"), "error");
  assert.equal(severityOf(ROW, "crashed", "panicked"), "error");
  assert.equal(severityOf(ROW, "crashed", "tested"), "debug");
});

test("of a domain's life what ends it against anybody's will is an error", () => {
  const { lifecycle } = EVENT_ROWS;
  assert.equal(severityOf(lifecycle, "stopped", "crashed"), "error");
  assert.equal(severityOf(lifecycle, "stopped", "destroyed"), "info");
  assert.equal(severityOf(lifecycle, "suspended", "ioerror"), "error");
  assert.equal(severityOf(lifecycle, "suspended", "paused"), "info");
});

test("names are of one form, and no two rows share one", () => {
  const names = Object.values(EVENT_ROWS).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^libvirt(\.[a-z]+(_[a-z]+)*)+$/);
});
