import assert from "node:assert/strict";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import { FaultSet } from "../../src/simulator/fault-set.ts";
import { parseFault } from "../../src/simulator/index.ts";

test("every form of a fault", () => {
  assert.deepEqual(
    [
      "delay:500ms",
      "delay:vm-3:2s",
      "delay:CONNECT_GET_ALL_DOMAIN_STATS:1.5s",
      "delay:GET_XML_DESC:1m",
      "delay:a:b:2s",
      "hang:vm-3",
      "hang:a:b*2",
      "pool-hang:nfs:1",
      "cut",
      "cut:GET_ALL_DOMAIN_STATS",
      "garbage:LIST_ALL_DOMAINS*3",
      "oversize*1",
      "malformed:AUTH_LIST",
      "error:GET_XML_DESC:38",
      "error:DOMAIN_GET_XML_DESC:42*2",
      "restart:30s",
      "restart:1m:500ms",
    ].map(parseFault),
    [
      { kind: "delay", ms: 500 },
      { kind: "delay", ms: 2000, domain: "vm-3" },
      { kind: "delay", ms: 1500, procedure: "CONNECT_GET_ALL_DOMAIN_STATS" },
      { kind: "delay", ms: 60_000, procedure: "DOMAIN_GET_XML_DESC" },
      { kind: "delay", ms: 2000, domain: "a:b" },
      { kind: "hang", domain: "vm-3" },
      { kind: "hang", domain: "a:b*2" },
      { kind: "pool-hang", pool: "nfs:1" },
      { kind: "cut" },
      { kind: "cut", procedure: "CONNECT_GET_ALL_DOMAIN_STATS" },
      { kind: "garbage", procedure: "CONNECT_LIST_ALL_DOMAINS", times: 3 },
      { kind: "oversize", times: 1 },
      { kind: "malformed", procedure: "AUTH_LIST" },
      { kind: "error", procedure: "DOMAIN_GET_XML_DESC", code: 38 },
      { kind: "error", procedure: "DOMAIN_GET_XML_DESC", code: 42, times: 2 },
      { kind: "restart", everyMs: 30_000, awayMs: 1000 },
      { kind: "restart", everyMs: 60_000, awayMs: 500 },
    ],
  );
});

for (const text of [
  "",
  "delay",
  "delay:",
  "delay:fast",
  "delay::2s",
  "delay:2h",
  "delay:99999999m",
  "delay:1s*2",
  "hang",
  "pool-hang:",
  "hang:",
  "cut:NO_SUCH_CALL",
  "cut:__proto__",
  "garbage*0",
  "error",
  "error:38",
  "error:GET_XML_DESC",
  "error:GET_XML_DESC:none",
  "error:GET_XML_DESC:38:1",
  "restart",
  "restart:0s",
  "restart:1s:2s:3s",
  "explode",
]) {
  test(`"${text}" is no fault, and the error says what is`, () => {
    assert.throws(
      () => parseFault(text),
      (error) =>
        error instanceof KvmeterError &&
        error.code === "USAGE" &&
        error.message.startsWith(
          `Cannot make a fault: current value is "${text}", must be one of delay:500ms, `,
        ) &&
        error.message.includes("restart:EVERY[:AWAY]") &&
        !error.message.includes("\n"),
    );
  });
}

test("delays of a call and of a domain are told apart, and add up", () => {
  const faults = new FaultSet();
  for (const text of ["delay:1s", "delay:2s", "delay:GET_XML_DESC:4s", "delay:vm-1:8s"])
    faults.add(parseFault(text));
  assert.equal(faults.delayMs({ procedure: "AUTH_LIST" }), 3000);
  assert.equal(faults.delayMs({ procedure: "DOMAIN_GET_XML_DESC" }), 7000);
  assert.equal(faults.delayMs({ domain: "vm-1" }), 8000);
  assert.equal(faults.delayMs({ domain: "vm-2" }), 0);
});

test("counted faults are used up, and only by what they are meant for", () => {
  const faults = new FaultSet();
  faults.add(parseFault("error:GET_XML_DESC:38*2"));
  faults.add(parseFault("cut*1"));
  assert.equal(faults.errorOf("AUTH_LIST"), undefined);
  assert.deepEqual(
    [1, 2, 3].map(() => faults.errorOf("DOMAIN_GET_XML_DESC")),
    [38, 38, undefined],
  );
  assert.equal(faults.damageOf("AUTH_LIST"), "cut");
  assert.equal(faults.damageOf("AUTH_LIST"), undefined);
});

test("the same fault twice is on twice; clearing ends both, and the hang only with its last", async () => {
  const faults = new FaultSet();
  const hang = parseFault("hang:vm-1");
  faults.add(hang);
  faults.add(parseFault("hang:vm-1"));
  faults.add(parseFault("hang:vm-2"));
  const over = faults.hangOf("vm-1");
  assert.ok(over !== undefined && !faults.isCalm("vm-1"));
  assert.equal(faults.clear(parseFault("hang:vm-1")).length, 2);
  await over;
  assert.ok(faults.isCalm("vm-1") && !faults.isCalm("vm-2"));
  assert.equal(faults.clear().length, 1);
  assert.ok(faults.isCalm("vm-2"));
});
