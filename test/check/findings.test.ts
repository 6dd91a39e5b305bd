import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { AREAS } from "../../src/check/finding-kind.ts";
import { failed, fill, shellWord, unwell, well } from "../../src/check/finding.ts";
import { type FindingId, FINDINGS, kindOf } from "../../src/check/findings.ts";
import { judgeVersion } from "../../src/check/versions.ts";
import type { MetricPatterns } from "../../src/config/configuration.ts";
import { KvmeterError } from "../../src/errors.ts";

const IDS = Object.keys(FINDINGS) as FindingId[];

test("every row is found by some check, and belongs to an area", () => {
  const sources = globSync("src/check/*.ts").filter((file) => !file.endsWith("findings.ts"));
  const text = sources.map((file) => readFileSync(file, "utf8")).join("\n");
  for (const id of IDS) {
    assert.ok(text.includes(`"${id}"`), `nothing finds ${id}`);
    assert.ok(kindOf(id).area in AREAS, id);
    assert.match(kindOf(id).looksAt, /\.$/, id);
  }
});

test("values take their places, and doubled braces are braces", () => {
  assert.equal(fill("a: {{ b: {c} }}, {unknown}", { c: 1 }), "a: { b: 1 }, {unknown}");
  const { state, says, mend } = unwell("state-room", "/s", { values: { room: "1 MiB are", limit: "2 MiB" } });
  assert.equal(state, "warn");
  assert.equal(says, "1 MiB are left in its file system, queues may take 2 MiB");
  assert.equal(mend, "make room there, or lower queue.max_size of the destinations");
});

test("an error of kvmeter's own says what is wrong and has its code; a command comes besides", () => {
  const error = new KvmeterError("OTLP_CONNECT", "Cannot export:\n  gone", { cause: new Error("reset") });
  assert.deepEqual(failed("destination", "collector", { error, mend: "nc" }), {
    id: "destination",
    state: "fail",
    subject: "collector",
    says: "Cannot export: gone",
    mend: "nc",
    code: "OTLP_CONNECT",
  });
  const other = failed("vm-xml", "web1", { error: new Error("outside", { cause: new Error("inside") }) });
  assert.deepEqual(other, { id: "vm-xml", state: "warn", subject: "web1", says: "outside: inside" });
});

test("the rights that are missing are given by what the package's drop-in sets", () => {
  const settings = readFileSync("packaging/qemu-processes.conf", "utf8").match(/^\w+=.*$/gm) ?? [];
  assert.equal(settings.length, 2);
  const { mend = "" } = kindOf("process-rights");
  for (const setting of settings) assert.ok(mend.includes(setting), setting);
});

test("a word for a shell is quoted where it has to be", () => {
  const words = {
    web1: "web1",
    "a b": "'a b'",
    $x: "'$x'",
    "": "''",
    "-c": "'-c'",
    "qemu:///system": "qemu:///system",
  };
  for (const [word, quoted] of Object.entries(words)) assert.equal(shellWord(word), quoted);
});

const all = { enable: [], disable: [] };

const idsOf = (version: string, patterns: MetricPatterns) =>
  judgeVersion("uri", version, patterns).map(({ id, state }) => `${id} ${state}`);

test("a libvirt that is old has less, and says so only where that is asked for", () => {
  assert.deepEqual(idsOf("12.8.0", all), ["libvirt-too-old ok"]);
  assert.deepEqual(idsOf("9.0.0", all), ["libvirt-too-old ok", "libvirt-newer skip"]);
  assert.deepEqual(idsOf("4.4.9", all), ["libvirt-unsupported fail"]);
  assert.deepEqual(idsOf("9.0.0", { enable: ["*"], disable: [] }), [
    "libvirt-too-old ok",
    "libvirt-newer skip",
  ]);
  const asked = { enable: ["libvirt.domain.disk.constraint"], disable: [] };
  assert.deepEqual(idsOf("9.0.0", asked), ["libvirt-too-old warn", "libvirt-newer skip"]);
  assert.deepEqual(idsOf("11.10.0", asked), ["libvirt-too-old ok", "libvirt-newer skip"]);
  const off = { enable: [], disable: ["libvirt.domain.disk.*", "libvirt.domain.cpu.energy"] };
  assert.deepEqual(idsOf("9.0.0", off), ["libvirt-too-old ok"]);
});

test("what an old libvirt lacks names the version that has it, and what to take out instead", () => {
  const [finding] = judgeVersion("uri", "9.0.0", { enable: ["libvirt.domain.disk.con*"], disable: [] });
  assert.equal(
    finding?.says,
    "libvirt.domain.disk.constraint: needs libvirt 11.10.0, current value is 9.0.0",
  );
  assert.equal(
    finding?.mend,
    "upgrade libvirt to 11.10.0 or newer, or take libvirt.domain.disk.con* out of metrics.enable",
  );
});

test("what is well has no mend", () => {
  assert.deepEqual(well("state-in-use", "/s", "fine"), {
    id: "state-in-use",
    state: "ok",
    subject: "/s",
    says: "fine",
  });
});
