import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { decodeDeltas } from "../../src/metrics/delta-store.ts";
import { CPU_TIME, DeltaRun, histogram, only } from "./delta-run.ts";
import { domainReading, EPOCH_NS, PROCESS_START_NS, second, secondNs } from "./readings.ts";

const NS_PER_S = 1e9;

// The last one has been there for long, but was not looked at before: it has no first delta.
test("deltas go on after a restart of the agent, also of what restarted, came or went meanwhile", () => {
  const run = new DeltaRun();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((letter) => `${letter}0000000-0000-0000-0000-000000000000`);
  const stay = { uuid: a ?? "" };
  const rebooted = { uuid: b ?? "", id: 5 };
  const created = { uuid: c ?? "", id: 6, process: { pid: 6, startedAtNs: secondNs(12) } };
  const widened = { uuid: d ?? "", id: 7 };
  run.update(
    [
      domainReading({ "cpu.time": 1e12 }, second(0), stay),
      domainReading({ "cpu.time": 9e12 }, second(0), rebooted),
    ],
    0,
  );
  run.restart(100);
  const points = run.update(
    [
      domainReading({ "cpu.time": 1e12 + 3e9 }, second(110), stay),
      domainReading({ "cpu.time": 4e9 }, second(110), {
        ...rebooted,
        id: 8,
        process: { pid: 8, startedAtNs: secondNs(50) },
      }),
      domainReading({ "cpu.time": 2e9 }, second(110), created),
      domainReading({ "cpu.time": 8e12 }, second(110), widened),
    ],
    110,
  );
  assert.deepEqual(
    points.map((each) => only(each, CPU_TIME)),
    [
      [3, secondNs(0)],
      [4, secondNs(50)],
      [2, secondNs(12)],
    ],
  );
});

test("state that is old or damaged is not used: a gap instead of a spike", () => {
  for (const [seconds, spoil] of [
    [3700, (state: Uint8Array) => state],
    [10, (state: Uint8Array) => state.subarray(1)],
    [10, (state: Uint8Array) => state.subarray(0, -1)],
    [10, () => new Uint8Array()],
  ] as const) {
    const run = new DeltaRun();
    run.read({ "cpu.time": 1e9 }, 0);
    run.restart(seconds, spoil(run.save()));
    assert.equal(only(run.read({ "cpu.time": 9e9 }, seconds), CPU_TIME), undefined);
    assert.deepEqual(only(run.read({ "cpu.time": 10e9 }, seconds + 10), CPU_TIME), [1, secondNs(seconds)]);
  }
});

test("what could not be read between two restarts goes on all the same, for an hour", () => {
  for (const [seconds, delta] of [
    [3500, 3],
    [3700, undefined],
  ] as const) {
    const run = new DeltaRun();
    run.read({ "state.state": 1, "cpu.time": 1e12 }, 0);
    run.restart(5);
    run.update([domainReading({}, second(seconds))], seconds);
    run.restart(seconds + 5);
    const [value] = only(run.read({ "cpu.time": 1e12 + 3e9 }, seconds + 10), CPU_TIME) ?? [];
    assert.equal(value, delta);
  }
});

test("a counter that a daemon tells below 0, or beyond 2^64, costs no other its state", () => {
  for (const odd of [-5, -(2n ** 60n), 1e300]) {
    const run = new DeltaRun();
    run.read({ "cpu.user": odd, "cpu.time": 1e12 }, 0);
    run.restart(5);
    assert.deepEqual(only(run.read({ "cpu.user": odd, "cpu.time": 1e12 + 3e9 }, 10), CPU_TIME), [
      3,
      secondNs(0),
    ]);
  }
});

test("no bytes whatever break the reading of state", () => {
  const run = new DeltaRun();
  run.read(
    { "cpu.time": 2n ** 63n, ...histogram([1, 2, 3], 5), "net.0.name": "vnet0", "net.0.rx.bytes": 7 },
    0,
  );
  const sound = run.save();
  const damage = fc.record({ at: fc.nat(sound.length - 1), byte: fc.nat(255), cut: fc.nat(sound.length) });
  fc.assert(
    fc.property(damage, fc.uint8Array({ maxLength: 60 }), ({ at, byte, cut }, noise) => {
      const spoilt = Uint8Array.from(sound.subarray(0, cut));
      if (at < cut) spoilt[at] = byte;
      for (const state of [spoilt, noise]) decodeDeltas(state, EPOCH_NS);
    }),
    { numRuns: 300 },
  );
});

test("state is some fifteen bytes a counter", () => {
  const run = new DeltaRun();
  const fields = Object.fromEntries(
    Array.from({ length: 500 }, (_, number) => [`vcpu.${number}.time`, 123_456_789_012 + number]),
  );
  run.read(fields, 0);
  assert.ok(run.save().length < 500 * 17 + 100, `${run.save().length}`);
});

test("the sum of the deltas is what the counters went, to the digit, whatever happens in between", () => {
  const step = fc.record({
    addNs: fc.bigInt({ min: 0n, max: 10n ** 13n }),
    event: fc.constantFrom(
      "none",
      "none",
      "none",
      "agent restart",
      "agent restart, not read",
      "VM reboot",
      "not read",
      "set back",
    ),
  });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 63n }),
      fc.array(step, { maxLength: 30 }),
      (firstNs, steps) => {
        const run = new DeltaRun();
        let life = { id: 1, process: { pid: 1, startedAtNs: PROCESS_START_NS } };
        let counterNs = firstNs;
        let lastReadNs = firstNs;
        run.read({ "state.state": 1, "cpu.time": counterNs }, 0, life);
        let wentNs = 0n;
        let toldNs = 0n;
        let endNs = secondNs(0);
        for (const [index, { addNs, event }] of [...steps, { addNs: 1n, event: "none" }].entries()) {
          const seconds = 10 * (index + 1);
          if (event.startsWith("agent restart")) run.restart(seconds - 5);
          if (event === "VM reboot") {
            const id = life.id + 1;
            life = { id, process: { pid: id, startedAtNs: secondNs(seconds - 4) } };
            counterNs = lastReadNs = 0n;
          }
          counterNs += addNs;
          if (event === "set back") {
            counterNs = lastReadNs / 2n < addNs ? lastReadNs / 2n : addNs;
            lastReadNs = counterNs < lastReadNs ? 0n : lastReadNs;
          }
          const isRead = !event.endsWith("not read");
          if (isRead) {
            wentNs += counterNs - lastReadNs;
            lastReadNs = counterNs;
          }
          const fields = isRead ? { "state.state": 1, "cpu.time": counterNs } : { "state.state": 1 };
          for (const { value, startTimeNs, timeNs } of run.read(fields, seconds, life).numbers(CPU_TIME)) {
            toldNs += BigInt(Math.round(Number(value) * NS_PER_S));
            assert.ok((startTimeNs ?? -1n) >= endNs, "no two deltas overlap");
            endNs = timeNs;
          }
        }
        assert.equal(toldNs, wentNs);
      },
    ),
    { numRuns: 200 },
  );
});
