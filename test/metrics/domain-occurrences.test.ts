import assert from "node:assert/strict";
import { test } from "node:test";

import { domainOccurrences } from "../../src/metrics/domain-occurrences.ts";
import type { ObservedEvent } from "../../src/readings/event-journal.ts";
import { description, domainReading, HYPERVISOR, second, secondNs } from "./readings.ts";

const UUID = "11111111-2222-3333-4444-555555555555";
const domain = { uuid: UUID, name: "web1", id: 1 };
const figures = {
  operation: "migration_out",
  elapsedMs: 2100,
  downtimeMs: 80,
  totalBytes: 2n ** 60n,
  processedBytes: 500,
  remainingBytes: 0,
  success: undefined,
  errorText: undefined,
};

function records(...events: ObservedEvent["event"][]) {
  const observed = events.map((event, index) => ({ at: second(index), event }));
  const domains = [domainReading({}, second(0))];
  return domainOccurrences({ identity: HYPERVISOR, domains, events: observed }).map(({ record }) => record);
}

test("a record has the event's name, words and figures, and the time of its arrival", () => {
  const [started, completed] = records(
    { kind: "lifecycle", domain, type: "started", detail: "booted" },
    { kind: "jobCompleted", domain, type: "job_completed", detail: "migration_out", figures },
  );
  assert.deepEqual(started, {
    timeNs: undefined,
    observedTimeNs: secondNs(0),
    eventName: "libvirt.domain.lifecycle",
    severity: "info",
    body: "web1: started (booted)",
    attributes: { "libvirt.event.type": "started", "libvirt.event.detail": "booted" },
  });
  assert.deepEqual(completed?.attributes, {
    "libvirt.event.type": "job_completed",
    "libvirt.event.detail": "migration_out",
    "libvirt.job.operation": "migration_out",
    "libvirt.job.elapsed_ms": 2100,
    "libvirt.job.downtime_ms": 80,
    "libvirt.job.data.total_bytes": 2 ** 60,
    "libvirt.job.data.processed_bytes": 500,
    "libvirt.job.data.remaining_bytes": 0,
  });
  assert.equal(completed.body, "web1: migration_out completed, 2100 ms, downtime 80 ms, 500 bytes");
  assert.equal(completed.observedTimeNs, secondNs(1));
});

test("what somebody should look at is more severe", () => {
  const failed = { ...figures, success: false, errorText: "no route to host" };
  const all = records(
    { kind: "lifecycle", domain, type: "crashed", detail: "panicked" },
    { kind: "jobCompleted", domain, type: "job_completed", detail: "backup", figures: failed },
    { kind: "jobEnded", domain, type: "job_ended", detail: "migration_out", outcome: "cancelled" },
    { kind: "jobEnded", domain, type: "job_ended", detail: "dump", outcome: "unknown" },
    { kind: "blockJob", domain, type: "block_job", detail: "failed", disk: "vda", job: "copy" },
  );
  assert.deepEqual(
    all.map(({ severity, body }) => `${severity} ${body}`),
    [
      "error web1: crashed (panicked)",
      "error web1: migration_out failed, 2100 ms, downtime 80 ms, 500 bytes, no route to host",
      "warn web1: migration_out cancelled",
      "info web1: dump is over",
      "error web1: block job copy of vda failed",
    ],
  );
});

test("an event without a detail says none, and what libvirt does not tell is no attribute", () => {
  const [reboot, metadata] = records(
    { kind: "reboot", domain, type: "reboot", detail: "none" },
    { kind: "metadata", domain, type: "metadata_change", detail: "title", namespace: undefined },
  );
  assert.deepEqual(reboot?.attributes, { "libvirt.event.type": "reboot" });
  assert.deepEqual(metadata?.attributes, {
    "libvirt.event.type": "metadata_change",
    "libvirt.event.detail": "title",
  });
});

function happened(uuid: string, name: string): ObservedEvent {
  return {
    at: second(0),
    event: { kind: "reboot", domain: { uuid, name, id: 1 }, type: "reboot", detail: "none" },
  };
}

test("its subject is the domain as the reading has it, a gone one too, else as the event names it", () => {
  const gone = domainReading({}, second(0), { uuid: "gone", name: "was", description: description([]) });
  const found = domainOccurrences({
    identity: HYPERVISOR,
    domains: [domainReading({}, second(0), { name: "renamed" })],
    gone: [gone],
    events: [happened(UUID, "web1"), happened("gone", "was"), happened("other", "other")],
  });
  assert.deepEqual(
    found.map(({ subject }) => subject),
    [
      {
        domain: { uuid: UUID, name: "renamed", description: undefined },
        hypervisor: HYPERVISOR,
      },
      {
        domain: { uuid: "gone", name: "was", description: gone.description },
        hypervisor: HYPERVISOR,
      },
      {
        domain: { uuid: "other", name: "other", description: undefined },
        hypervisor: HYPERVISOR,
      },
    ],
  );
});
