import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DOMAIN_LIST_LIMIT, writeDomainRef } from "../../src/libvirt/domain-ref.ts";
import { readLibvirtError } from "../../src/libvirt/errors.ts";
import {
  controlInfo,
  getAllDomainStats,
  getLibVersion,
  getState,
  getXmlDesc,
  lifecycle,
  LifecycleEvent,
  listAllDomains,
  LibvirtErrorCode,
  nodeGetInfo,
  type TypedParameter,
} from "../../src/libvirt/index.ts";
import { XdrReader } from "../../src/libvirt/xdr-reader.ts";
import { xdr } from "./fake-daemon.ts";
import { printedStatistics, RECORDED_VERSIONS, recordedReply } from "./recorded-replies.ts";

/** Decodes a recorded payload to its last byte. */
function decoded<Result>(version: string, name: string, decode: (reader: XdrReader) => Result): Result {
  const reader = new XdrReader(recordedReply(version, name));
  const result = decode(reader);
  assert.equal(reader.remaining, 0, `${name}: bytes left over`);
  return result;
}

/** As virsh prints it (vshGetTypedParamValue). */
function print(value: TypedParameter["value"]): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(6);
  return String(value);
}

/** Only CPU times may move between two looks at a paused domain: looking is what costs them. */
function assertBetween(value: TypedParameter["value"], before: string, after: string): void {
  if (before === after) {
    // virsh prints 0.000000 for a double that happens to be whole
    assert.equal(/^-?\d+\.\d{6}$/.test(before) ? Number(value).toFixed(6) : print(value), before);
    return;
  }
  const exact = BigInt(value);
  assert.ok(BigInt(before) <= exact && exact <= BigInt(after), `${before} <= ${exact} <= ${after}`);
}

for (const version of RECORDED_VERSIONS) {
  describe(`replies of libvirt ${version}`, () => {
    const list = decoded(version, "list", (reader) => listAllDomains.decode(reader));

    test("list: active and inactive domains, with any name", () => {
      assert.equal(list.length, 8);
      assert.ok(list.some(({ id }) => id === -1));
      assert.ok(list.some(({ name }) => name.endsWith("größe-雲-№")));
      for (const { uuid } of list) assert.match(uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      const again = xdr((writer) => {
        writer.array(list, (domain) => writeDomainRef(writer, domain));
        writer.u32(list.length);
      });
      assert.ok(again.equals(recordedReply(version, "list")));
      assert.ok(list.length < DOMAIN_LIST_LIMIT);
    });

    test("bulk statistics of paused domains are what virsh printed in the same moment", () => {
      const records = decoded(version, "statistics-paused", (reader) => getAllDomainStats.decode(reader));
      const before = printedStatistics(version, "before");
      const after = printedStatistics(version, "after");
      assert.ok(records.length >= 5);
      assert.deepEqual(
        records.map(({ domain }) => domain.name),
        before.map(({ name }) => name),
      );
      let moved = 0;
      for (const [index, { parameters }] of records.entries()) {
        const [first, last] = [before[index]!.fields, after[index]!.fields];
        assert.deepEqual(
          parameters.map(({ field }) => field),
          [...first.keys()],
        );
        for (const { field, value } of parameters) {
          assertBetween(value, first.get(field)!, last.get(field)!);
          if (first.get(field) === last.get(field)) continue;
          assert.match(field, /^cpu\./);
          moved += 1;
        }
      }
      assert.ok(moved < 3 * records.length + 1, `${moved} fields moved`);
    });

    test("bulk statistics come for running, paused and inactive domains, with interned names", () => {
      const records = decoded(version, "statistics", (reader) => getAllDomainStats.decode(reader));
      assert.deepEqual(
        records.map(({ domain }) => domain),
        list,
      );
      const inactive = records.find(({ domain }) => domain.id === -1);
      const state = new Map(inactive?.parameters.map(({ field, value }) => [field, value]));
      assert.equal(state.get("state.state"), 5);
    });

    test("XML, state and control info of a running domain", () => {
      const xml = decoded(version, "xml", (reader) => getXmlDesc.decode(reader));
      assert.match(xml, /^<domain type='qemu' id='\d+'>\n {2}<name>guest-/);
      assert.ok(xml.endsWith("</domain>\n"));
      assert.deepEqual(
        decoded(version, "state", (reader) => getState.decode(reader)),
        { state: 1, reason: 1 },
      );
      assert.deepEqual(
        decoded(version, "control-info", (reader) => controlInfo.decode(reader)),
        { state: 0, details: 0, stateTimeMs: 0 },
      );
    });

    test("the daemon's version and its hardware", () => {
      const [major = 0, minor = 0, release = 0] = version.split(".").map(Number);
      const number = decoded(version, "lib-version", (reader) => getLibVersion.decode(reader));
      assert.equal(number, major * 1_000_000 + minor * 1000 + release);
      const info = decoded(version, "node-info", (reader) => nodeGetInfo.decode(reader));
      assert.equal(info.model, "x86_64");
      assert.equal(
        info.cpus,
        info.numaNodes * info.socketsPerNode * info.coresPerSocket * info.threadsPerCore,
      );
      assert.ok(Number(info.memoryKiB) > 1_000_000 && info.frequencyMHz > 0);
    });

    test("errors", () => {
      const gone = decoded(version, "error-no-domain", readLibvirtError);
      assert.equal(gone.code, LibvirtErrorCode.noDomain);
      assert.equal(gone.domain, 10);
      assert.equal(gone.level, 2);
      assert.match(gone.message, /00000000-0000-0000-0000-000000000000/);
      const denied = decoded(version, "error-read-only", readLibvirtError);
      assert.equal(denied.code, LibvirtErrorCode.operationDenied);
    });

    test("a lifecycle event", () => {
      const { event, domain } = decoded(version, "event-lifecycle", (reader) => {
        reader.i32();
        return lifecycle.decode(reader);
      });
      assert.equal(event, LifecycleEvent.suspended);
      assert.equal(domain.name, "test");
    });
  });
}
