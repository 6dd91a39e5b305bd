import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";

import { textWidth } from "../../src/cli/text.ts";
import { KvmeterError } from "../../src/errors.ts";
import { TopModel } from "../../src/top/model.ts";
import { painterFor } from "../../src/top/paint.ts";
import { assertGolden } from "./golden.ts";
import { canvas, failInto, frame, LOADS, machineReading, modelOf, readInto } from "./scenes.ts";

test("the table at 80 and at 160 columns", () => {
  const model = modelOf(LOADS);
  assertGolden("table-80", frame(model).lines);
  assertGolden("table-160", frame(model, {}, canvas(160)).lines);
});

test("one VM at 80 and at 160 columns, with its last minutes", () => {
  const model = modelOf(LOADS, [0, 2, 4, 6, 8, 10]);
  const view = { page: "domain", cursor: model.domains.find(({ name }) => name === "web10")?.key } as const;
  assertGolden("domain-80", frame(model, view).lines);
  assertGolden("domain-160", frame(model, view, canvas(160)).lines);
});

test("the help", () => {
  assertGolden("help-80", frame(modelOf(LOADS), { page: "help" }, canvas(80, 90)).lines);
});

test("two hypervisors have a line each and a column", () => {
  const model = modelOf(LOADS.slice(0, 2));
  for (const at of [0, 2]) {
    readInto(model, LOADS.slice(0, 1), { at, uri: "qemu+tls://b/system", hostName: "kvm8" });
  }
  assertGolden("two-hosts-120", frame(model, {}, canvas(120, 12)).lines);
});

test("the head of the hypervisor on this machine has what its kernel tells, in 80 columns", () => {
  const model = new TopModel();
  for (const at of [0, 2]) readInto(model, LOADS, { at, host: machineReading(at) });
  const [title, ...head] = frame(model).lines;
  assert.match(title ?? "", /^kvmeter top /);
  assert.deepEqual(head.slice(0, 3), [
    "kvm7  4 running, 1 paused, 1 shutoff  CPU 25.0% of 16  MEM 23.0G of 64.0G",
    "  PSI% cpu 1.3 mem 0.0 io 100.0  vCPU 12 (0.75x)  to VMs 16.0G (0.25x)",
    "  QEMU 11.1.0 libvirt 12.8.0",
  ]);
  const problem = new KvmeterError("HOST_FILE", "Cannot read all of /proc/meminfo, line 1: not a number");
  readInto(model, LOADS, { at: 4, host: machineReading(4, [problem]) });
  assert.ok(frame(model).lines.includes(`! ${problem.message}`));
});

test("a machine that is not read, or is not this one, has no figures of its own", () => {
  const model = new TopModel();
  const elsewhere = { uri: "qemu+tls://b/system", hostName: "kvm8" };
  for (const at of [0, 2]) readInto(model, LOADS, { at, host: machineReading(at), ...elsewhere });
  assert.match(frame(model).lines[1] ?? "", / CPU 16 {2}MEM 64\.0G {2}vCPU /);
  readInto(model, LOADS, { at: 4, host: machineReading(4) });
  assert.match(frame(model, {}, canvas(120)).lines[2] ?? "", /^kvm7 .* CPU 25\.0% of 16 {2}MEM 23\.0G of /);
  readInto(model, LOADS, { at: 6 });
  assert.match(frame(model, {}, canvas(120)).lines[2] ?? "", /^kvm7 .* CPU 16 {2}MEM 64\.0G {2}vCPU /);
  assert.doesNotMatch(frame(model).lines.join("\n"), /PSI/);
});

test("a daemon that is away is told, its VMs stay without values, and it recovers", () => {
  const model = modelOf(LOADS.slice(0, 2));
  failInto(model, new KvmeterError("LIBVIRT_SOCKET_MISSING", "Cannot connect to libvirt: no socket"), {
    at: 6,
  });
  assertGolden("away-80", frame(model, {}, canvas(80, 10)).lines);
  readInto(model, LOADS.slice(0, 2), { at: 8 });
  const { lines } = frame(model);
  assert.doesNotMatch(lines.join("\n"), /AWAY|away|!/);
  assert.match(lines.join("\n"), /web1 +run +12\.3 /);
});

test("a frame has as many lines as the terminal and none is wider, however small it is", () => {
  const model = modelOf(LOADS);
  for (const page of ["table", "domain", "help"] as const) {
    for (const [width, height] of [
      [200, 60],
      [80, 24],
      [60, 10],
      [41, 5],
    ] as const) {
      const { lines } = frame(model, { page }, canvas(width, height));
      assert.equal(lines.length, height);
      if (page === "domain" && width < 60) continue;
      for (const line of lines) assert.ok(textWidth(line) <= width, `${width}: ${line}`);
    }
  }
});

test("colours change no character, and what is bad has one", () => {
  const model = modelOf(LOADS);
  const plain = frame(model, {}, canvas(160)).lines;
  const coloured = frame(model, {}, { ...canvas(160), paint: painterFor("colours") }).lines;
  const mono = frame(model, {}, { ...canvas(160), paint: painterFor("mono") }).lines;
  assert.deepEqual(
    coloured.map((line) => stripVTControlCharacters(line)),
    plain,
  );
  assert.deepEqual(
    mono.map((line) => stripVTControlCharacters(line)),
    plain,
  );
  assert.ok(coloured.some((line) => line.includes("\u001b[1;31mioerror ")));
  assert.ok(mono.some((line) => line.includes("\u001b[1mioerror ")));
  assert.ok(!mono.some((line) => line.includes("\u001b[33m") || line.includes(";31m")));
});

test("the page of the cursor is shown, whole pages at a time", () => {
  const loads = Array.from({ length: 1000 }, (_, number) => ({ name: `vm-${number}` }));
  const model = modelOf(loads, [0]);
  const rows = (cursor: number) =>
    frame(model, { sort: "name", cursor: model.domains[cursor]?.key }).lines.filter((line) =>
      /vm-\d/.test(line),
    );
  const [first, last, next] = [rows(0), rows(rows(0).length - 1), rows(rows(0).length)];
  assert.match(first[0] ?? "", /^>vm-0 /);
  assert.match(last.at(-1) ?? "", /^>vm-\d/);
  assert.equal(first[1], last[1]);
  assert.match(next[0] ?? "", new RegExp(`^>vm-${first.length} `));
});
