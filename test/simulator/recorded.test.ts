/** The simulator's messages beside those of real daemons: same fields, same types, same order. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { DomainSpec, Release } from "../../src/simulator/index.ts";
import {
  Cursor,
  domainBytes,
  simulateAndOpen,
  u32,
  type RawParameter,
  type RawRecord,
} from "./raw-client.ts";

const RECORDED: Readonly<Record<Release, string>> = { "9.0": "9.0.0", "12.8": "12.8.0" };

function recorded(release: Release, file: string): Buffer {
  return readFileSync(join(import.meta.dirname, "..", "fixtures", "replies", RECORDED[release], file));
}

/** What to ask of the simulator to get a domain like a recorded one. */
function specLike({ parameters }: RawRecord, name: string): DomainSpec {
  const value = (field: string): RawParameter["value"] | undefined =>
    parameters.find((parameter) => parameter.field === field)?.value;
  const count = (field: string): number => Number(value(field) ?? 0);
  const disks = count("block.count");
  const cdrom = disks > 0 && value(`block.${disks - 1}.path`) === undefined;
  return {
    name,
    state: ({ 1: "running", 3: "paused", 5: "shutoff" } as const)[count("state.state") as 1 | 3 | 5],
    uptimeS: value("balloon.unused") === undefined ? 0 : 100,
    shape: {
      vcpus: count("vcpu.current"),
      nics: count("net.count"),
      disks: cdrom ? disks - 1 : disks,
      cdrom,
      iothreads: count("iothread.count"),
      kvm: false,
      timedDisks: value("block.0.timed_group.count") !== undefined,
    },
  };
}

/** The recorded guests had their dirty rate measured, which the simulator does not do. */
function layout({ parameters }: RawRecord): string[] {
  return parameters
    .filter(({ field }) => !field.startsWith("dirtyrate."))
    .map(({ field, type }) => `${type} ${field}`);
}

function dirtyRate(record: RawRecord | undefined): string[] {
  const parameters = record?.parameters.filter(({ field }) => field.startsWith("dirtyrate.")) ?? [];
  return parameters.map(({ field, type }) => `${type} ${field}`);
}

/** Whether a payload is `int callback, dom, int event, int detail` and nothing else. */
function assertLifecycle(payload: Buffer): void {
  const cursor = new Cursor(payload);
  cursor.int();
  assert.ok(cursor.text().length > 0);
  assert.equal(cursor.uuid().length, 32);
  cursor.int();
  const event = cursor.int();
  assert.ok(event >= 0 && event <= 9, `event ${event}`);
  cursor.int();
  assert.equal(cursor.left, 0);
}

for (const release of ["9.0", "12.8"] as const) {
  test(`statistics of every recorded domain of libvirt ${release}, field by field`, async (t) => {
    const { simulator, client } = await simulateAndOpen(t, { release, domains: 0 });
    const records = new Cursor(recorded(release, "statistics.bin")).records();
    for (const [index, record] of records.entries())
      simulator.createDomain(specLike(record, `like-${index}`));
    const simulated = await client.statistics();
    assert.equal(simulated.length, records.length);
    for (const [index, record] of records.entries()) {
      const like = simulated[index];
      assert.ok(like !== undefined);
      assert.deepEqual(layout(like), layout(record), `${record.name} beside ${like.name}`);
      assert.equal(like.id === -1, record.id === -1);
    }
    const paused = new Cursor(recorded(release, "statistics-paused.bin")).records();
    assert.ok(paused.length > 0);
    const running = simulated.find(({ id }) => id !== -1);
    assert.deepEqual(dirtyRate(running), dirtyRate(paused[0]));
  });

  test(`the small replies of libvirt ${release}`, async (t) => {
    const { simulator, client } = await simulateAndOpen(t, { release });
    const [domain] = simulator.domains();
    assert.ok(domain !== undefined);
    const about = Buffer.concat([domainBytes(domain), u32(0)]);
    assert.deepEqual((await client.call(157)).payload, recorded(release, "lib-version.bin"));
    assert.deepEqual((await client.call(212, about)).payload, recorded(release, "state.bin"));
    assert.deepEqual((await client.call(229, about)).payload, recorded(release, "control-info.bin"));
    const [nodeInfo, realNodeInfo] = [(await client.call(6)).payload, recorded(release, "node-info.bin")];
    assert.equal(nodeInfo.length, realNodeInfo.length);
    assert.deepEqual(nodeInfo.subarray(0, 128), realNodeInfo.subarray(0, 128));
  });

  test(`the error for a domain that is not there in libvirt ${release}`, async (t) => {
    const { client } = await simulateAndOpen(t, { release });
    const real = recorded(release, "error-no-domain.bin");
    const asked = /uuid '([0-9a-f-]{36})' \((.*?)\)/.exec(real.toString());
    const nobody = { uuid: asked?.[1] ?? "", name: asked?.[2] ?? "", id: -1 };
    const { status, payload } = await client.call(14, Buffer.concat([domainBytes(nobody), u32(0)]));
    assert.equal(status, 1);
    assert.deepEqual(payload, real);
  });

  test(`the lifecycle event of libvirt ${release}`, async (t) => {
    const { simulator, client } = await simulateAndOpen(t, { release });
    await client.call(316, Buffer.concat([u32(0), u32(0)]));
    simulator.createDomain();
    const { payload } = await client.until(({ procedure }) => procedure === 318);
    for (const message of [payload, recorded(release, "event-lifecycle.bin")]) assertLifecycle(message);
  });
}
