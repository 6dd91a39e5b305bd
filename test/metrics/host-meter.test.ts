import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { HOST_ROWS } from "../../src/metrics/definitions.ts";
import { decodeDeltas, encodeDeltas } from "../../src/metrics/delta-store.ts";
import { HostMeter } from "../../src/metrics/host-meter.ts";
import type { NumberPoint, ResourcePoints } from "../../src/metrics/points.ts";
import { requiredReaders, selectRows } from "../../src/metrics/selection.ts";
import { NEVER, standingClock, treeSource } from "../host/read-tree.ts";

const TREE = new URL("../fixtures/host/linux-6.12", import.meta.url).pathname;

/** A host whose files can be changed. */
function changingHost(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(TREE, root, { recursive: true });
  const clock = standingClock();
  const { source } = treeSource(root, { clock });
  return {
    clock,
    remove: (path: string) => unlinkSync(join(root, path)),
    replace: (path: string, from: string | RegExp, to: string) =>
      writeFileSync(join(root, path), readFileSync(join(root, path), "utf8").replace(from, to)),
    async read() {
      clock.goOn(10_000);
      return source.read(NEVER);
    },
  };
}

function points({ metrics }: ResourcePoints, name: string): readonly NumberPoint[] {
  return (metrics.find(({ metric }) => metric.name === name)?.points ?? []) as readonly NumberPoint[];
}

function values(all: ResourcePoints, name: string): unknown[] {
  return points(all, name).map(({ value }) => value);
}

test("the resource is the host's, by the name that libvirt has for it", async (context) => {
  const host = changingHost(context);
  const reading = await host.read();
  const meter = new HostMeter({ resource: { hostAttribute: "datadog.host.name" } });
  const known = { hostName: "kvm1.example.org", hostId: "3d1219c7c4c5404aaa1f6d2a48adfda4" };
  const { resource } = meter.update({ ...reading, architecture: "x86_64" }, known);
  assert.deepEqual(resource.attributes, {
    "host.name": "kvm1.example.org",
    "host.id": known.hostId,
    "host.arch": "amd64",
    "os.type": "linux",
    "service.instance.id": known.hostId,
    "datadog.host.name": "kvm1.example.org",
    "service.name": "kvmeter",
  });
});

test("by another name its series have ended, unless points tell who they are about", async (context) => {
  const host = changingHost(context);
  const hostId = "3d1219c7c4c5404aaa1f6d2a48adfda4";
  for (const identity of ["resource", "attributes"] as const) {
    const meter = new HostMeter({ resource: { identity } });
    meter.update(await host.read(), { hostName: "kvm1", hostId });
    const { resource } = meter.update(await host.read(), { hostName: "kvm1.example.org", hostId });
    assert.equal(resource.attributes["host.name"], "kvm1.example.org");
    const names = meter.ended.map((ended) => ended.resource.attributes["host.name"]);
    assert.deepEqual(names, identity === "resource" ? ["kvm1"] : []);
  }
});

test("the same objects in every cycle, as long as the series are the same", async (context) => {
  const host = changingHost(context);
  const meter = new HostMeter();
  const second = await host.read().then((reading) => (meter.update(reading), host.read()));
  const all = meter.update(second);
  assert.equal(meter.update(await host.read()), all);
  assert.deepEqual(meter.ended, []);
});

test("what the kernel takes back of an idle CPU is no reboot", async (context) => {
  const host = changingHost(context);
  for (const temporality of ["cumulative", "delta"] as const) {
    const meter = new HostMeter({ temporality });
    meter.update(await host.read());
    const idle = (all: ResourcePoints) =>
      points(all, "system.cpu.time").find(
        ({ series }) =>
          series.attributes["cpu.mode"] === "idle" && series.attributes["cpu.logical_number"] === 0,
      );
    host.replace("proc/stat", "cpu0 101001 202 50503 9000004", "cpu0 101001 202 50503 9000001");
    const back = idle(meter.update(await host.read()));
    assert.equal(back?.value, temporality === "delta" ? 0 : 90_000.04);
    host.replace("proc/stat", "cpu0 101001 202 50503 9000001", "cpu0 101001 202 50503 9000104");
    const further = idle(meter.update(await host.read()));
    assert.equal(further?.value, temporality === "delta" ? 1 : 90_001.04);
    if (temporality === "cumulative") assert.equal(further?.series.startTimeNs, 1_700_000_000_000_000_000n);
    host.replace("proc/stat", "cpu0 101001 202 50503 9000104", "cpu0 101001 202 50503 9000004");
  }
});

test("the idle time of a CPU that was offline for a moment begins anew", async (context) => {
  const host = changingHost(context);
  const found = "cpu0 101001 202 50503 9000004";
  for (const temporality of ["cumulative", "delta"] as const) {
    const meter = new HostMeter({ temporality });
    const idle = async (ticks: number) => {
      host.replace("proc/stat", /cpu0 101001 202 50503 \d+/, `cpu0 101001 202 50503 ${ticks}`);
      return points(meter.update(await host.read()), "system.cpu.time").find(
        ({ series }) =>
          series.attributes["cpu.mode"] === "idle" && series.attributes["cpu.logical_number"] === 0,
      )?.value;
    };
    await idle(9_000_004);
    // Steady cycles are read in place.
    await idle(9_000_104);
    await idle(9_000_204);
    assert.equal(await idle(140), 1.4, temporality);
    assert.equal(await idle(1140), temporality === "delta" ? 10 : 11.4);
    host.replace("proc/stat", /cpu0 101001 202 50503 \d+/, found);
  }
});

test("a CPU that goes offline and a file that goes away end their series", async (context) => {
  const host = changingHost(context);
  const meter = new HostMeter();
  meter.update(await host.read());
  host.replace("proc/stat", /cpu3 .*\n/, "");
  host.remove("proc/schedstat");
  const all = meter.update(await host.read());
  assert.equal(points(all, "system.cpu.time").length, 3 * 8);
  assert.equal(points(all, "linux.scheduler.wait_time").length, 0);
  const ended = meter.ended.flatMap(({ metrics }) =>
    metrics.map(({ metric, points }) => `${metric.name} ${points.length}`),
  );
  assert.deepEqual(ended.toSorted(), [
    "linux.cpu.guest_time 2",
    "linux.scheduler.wait_time 4",
    "system.cpu.time 8",
  ]);
});

test("deltas go on after a restart of the agent, and a value that was read before gives none", async (context) => {
  const host = changingHost(context);
  const first = new HostMeter({ temporality: "delta" });
  assert.deepEqual(values(first.update(await host.read()), "system.process.created"), []);
  const { deltas } = first;
  assert.ok(deltas);
  const told = decodeDeltas(encodeDeltas(new Map([["host", deltas]])), host.clock.now().wallNs)?.get("host");
  const second = new HostMeter({ temporality: "delta", told });
  host.replace("proc/stat", "processes 268674", "processes 268680");
  const reading = await host.read();
  assert.deepEqual(values(second.update(reading), "system.process.created"), [6]);
  assert.deepEqual(values(second.update(reading), "system.process.created"), []);
});

test("what is derived from a change holds until the next reading", async (context) => {
  const host = changingHost(context);
  const meter = new HostMeter();
  meter.update(await host.read());
  host.replace("proc/stat", "cpu  404004", "cpu  404104");
  const reading = await host.read();
  const all = values(meter.update(reading), "system.cpu.utilization");
  assert.deepEqual(all, [1, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(values(meter.update(reading), "system.cpu.utilization"), all);
});

function needed(disable: readonly string[], enable: readonly string[] = []): ReadonlySet<string> {
  return requiredReaders(selectRows(HOST_ROWS, { disable, enable }));
}

test("a reader that no wanted metric needs is not read", () => {
  assert.ok(!needed([]).has("kvm"));
  assert.ok(needed([], ["linux.kvm.*"]).has("kvm"));
  assert.ok(!needed(["system.cpu.*", "linux.cpu.*", "system.process.created"]).has("stat"));
});
