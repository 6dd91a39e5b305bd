import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";

import { failed, type Finding, unwell, well } from "../../src/check/finding.ts";
import { toCheckJson } from "../../src/check/json.ts";
import { renderCheck } from "../../src/check/text.ts";
import { KvmeterError } from "../../src/errors.ts";
import { painterFor } from "../../src/top/paint.ts";

const plain = painterFor("none");

const periodOf = (name: string) =>
  unwell("vm-balloon-period", name, {
    values: { uri: "qemu:///system", vm: name, period: 10, scope: "--live" },
  });

test("by area, the best first, each with its mend", () => {
  const findings = [
    unwell("state-none", "memory"),
    well("state-full", "/s", "room"),
    failed("destination", "collector", {
      error: new KvmeterError("OTLP_CONNECT", "Cannot export"),
      mend: "nc",
    }),
  ];
  assert.equal(
    renderCheck(findings, plain),
    `State directory
  ok    /s: room
  warn  memory: there is none: what waits for a destination that is away, and up to where deltas were told, is lost at a restart (state-none)
        mend: state_directory: /var/lib/kvmeter

Destinations
  fail  collector: Cannot export [OTLP_CONNECT] (destination)
        mend: nc

Data is lost: 1 ok, 1 warn, 1 fail, 0 skip
`,
  );
});

test("what a thousand VMs have alike is two lines, and JSON has them all", () => {
  const findings = Array.from({ length: 1000 }, (_, index) => periodOf(`vm-${index}`));
  const text = renderCheck(findings, plain);
  assert.equal(text.trimEnd().split("\n").length, 5);
  assert.match(text, /^ {2}warn {2}vm-0, vm-1, vm-2 and 997 more: the balloon has no statistics period/m);
  assert.match(text, /dommemstat vm-0 --period 10 --live \(and so for the other 999\)$/m);
  const json = toCheckJson(findings);
  assert.equal(json.findings.length, 1000);
  assert.deepEqual(json.counts, { ok: 0, warn: 1000, fail: 0, skip: 0 });
  assert.equal(json.worst, "warn");
  assert.match(json.findings[999]?.mend ?? "", /vm-999/);
});

test("a thousand different problems of one kind are bounded, too", () => {
  const findings = Array.from({ length: 1000 }, (_, index): Finding =>
    failed("vm-xml", `vm-${index}`, { error: new Error(`problem ${index}`) }),
  );
  const lines = renderCheck(findings, plain).trimEnd().split("\n");
  assert.ok(lines.length < 12, `${lines.length} lines`);
  assert.ok(lines.includes("        and 995 more of this kind; --format json lists them"));
});

test("names that would move the cursor do not, and colour tells nothing alone", () => {
  const findings = [periodOf("a\u001b[2Jb")];
  assert.ok(!renderCheck(findings, plain).includes("\u001b"));
  const painted = renderCheck(findings, painterFor("colours"));
  assert.ok(painted.includes("\u001b[33mwarn\u001b[0m"));
  assert.equal(stripVTControlCharacters(painted), renderCheck(findings, plain));
});

test("only what was not looked at is no warning", () => {
  assert.equal(toCheckJson([unwell("clock-unknown", "this machine")]).worst, "ok");
  assert.match(renderCheck([unwell("clock-unknown", "this machine")], plain), /^All is well: 0 ok/m);
});
