import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { CallQueue } from "../../src/libvirt/call-queue.ts";

interface Call {
  readonly name: string;
  readonly priority: boolean;
  abandoned: boolean;
}

const ordinary = (name: string): Call => ({ name, priority: false, abandoned: false });
const priority = (name: string): Call => ({ name, priority: true, abandoned: false });

function drain(queue: CallQueue<Call>): string[] {
  const sent: string[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next())
    sent.push(`${next.serial}:${next.call.name}`);
  return sent;
}

describe("CallQueue", () => {
  test("lets priority calls go first and ordinary ones in their order, and keeps a place free of them", () => {
    const queue = new CallQueue<Call>(4);
    for (const call of ["a", "b", "c", "d"].map(ordinary)) queue.add(call);
    queue.add(priority("P"));
    assert.deepEqual(drain(queue), ["1:P", "2:a", "3:b", "4:c"]);
    queue.answered(1);
    assert.deepEqual(drain(queue), []);
    queue.add(priority("Q"));
    assert.deepEqual(drain(queue), ["5:Q"]);
    queue.answered(2);
    assert.deepEqual(drain(queue), ["6:d"]);
  });

  test("forgets a withdrawn call that waits, and keeps one that the daemon has", () => {
    const queue = new CallQueue<Call>(2);
    const [first, second] = [ordinary("first"), ordinary("second")];
    queue.add(first);
    queue.add(second);
    assert.deepEqual(drain(queue), ["1:first"]);
    first.abandoned = true;
    queue.withdraw(first);
    queue.withdraw(second);
    assert.deepEqual([queue.outstanding, queue.abandoned], [1, 1]);
    assert.equal(queue.find(1), first);
    queue.answered(1);
    assert.deepEqual(drain(queue), []);
    assert.deepEqual(queue.all(), []);
  });

  test("never reuses a serial that is out, nor 0, when the numbers run around", () => {
    const queue = new CallQueue<Call>(4, 0xffff_fffd);
    queue.add(priority("a"));
    assert.deepEqual(drain(queue), ["4294967294:a"]);
    for (const serial of [4_294_967_295, 1, 2]) {
      queue.add(priority("b"));
      assert.deepEqual(drain(queue), [`${serial}:b`]);
      queue.answered(serial);
    }
  });

  test("keeps its limits and loses nothing, whatever happens in whatever order", () => {
    const step = fc.oneof(
      fc.constantFrom("ordinary" as const, "priority" as const),
      fc.record({ answer: fc.nat({ max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = new CallQueue<Call>(4);
        const out = new Map<number, Call>();
        let added = 0;
        let answered = 0;
        for (const one of steps) {
          if (typeof one === "string") {
            queue.add(one === "priority" ? priority("") : ordinary(""));
            added += 1;
          } else {
            const serial = [...out.keys()][one.answer];
            if (serial === undefined) continue;
            queue.answered(serial);
            out.delete(serial);
            answered += 1;
          }
          for (let next = queue.next(); next !== undefined; next = queue.next())
            out.set(next.serial, next.call);
          const ordinaryOut = [...out.values()].filter((call) => !call.priority).length;
          assert.ok(out.size <= 4 && ordinaryOut <= 3, `${out.size} out, ${ordinaryOut} ordinary`);
          assert.equal(queue.outstanding, out.size);
          assert.equal(queue.all().length, added - answered);
        }
      }),
      { numRuns: 300 },
    );
  });
});
