import assert from "node:assert/strict";
import { test } from "node:test";

import type { LogRecord } from "../../src/metrics/log-records.ts";
import { type Occurrence, recordsByResource, type Subject } from "../../src/metrics/occurrences.ts";
import { domainResource } from "../../src/metrics/resources.ts";
import { domainReading, HYPERVISOR, second, secondNs } from "./readings.ts";

const web1 = domainReading({}, second(0));
const web2 = domainReading({}, second(0), { uuid: "22222222-2222-3333-4444-555555555555", name: "web2" });

function record(eventName: string, observedAtS: number): LogRecord {
  const observedTimeNs = secondNs(observedAtS);
  return { timeNs: undefined, observedTimeNs, eventName, severity: "info", body: undefined, attributes: {} };
}

function of(domain: typeof web1, eventName: string, observedAtS: number): Occurrence {
  const subject: Subject = { domain, hypervisor: HYPERVISOR };
  return { subject, record: record(eventName, observedAtS) };
}

test("records stand under the resource that their subject's metrics have, each resource's in order", () => {
  const resource = { serviceName: "vms", attributes: { team: "a" }, hostAttribute: "datadog.host.name" };
  const occurrences = [of(web1, "a", 1), of(web2, "b", 2), of(web1, "d", 4)];
  const found = recordsByResource(occurrences, resource);
  assert.deepEqual(
    found.map(({ resource: { attributes }, records }) => [
      attributes,
      records.map(({ eventName }) => eventName),
    ]),
    [
      [domainResource(web1, HYPERVISOR, resource), ["a", "d"]],
      [domainResource(web2, HYPERVISOR, resource), ["b"]],
    ],
  );
});

test("for a backend that drops resources' attributes a domain's records say whose they are", () => {
  const attributesOf = (identity: "resource" | "attributes") =>
    recordsByResource([of(web1, "a", 1)], { identity })[0]?.records[0]?.attributes;
  assert.deepEqual(attributesOf("resource"), {});
  assert.deepEqual(attributesOf("attributes"), {
    "libvirt.domain.uuid": web1.uuid,
    "libvirt.domain.name": "web1",
  });
});
