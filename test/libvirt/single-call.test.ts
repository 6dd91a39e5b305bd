import assert from "node:assert/strict";
import { test } from "node:test";

import { SingleCall } from "../../src/libvirt/single-call.ts";

const never = (): Promise<string> => new Promise(() => undefined);

test("an answer in time is given, and the next time it is asked again", async () => {
  const call = new SingleCall<number>();
  let asked = 0;
  const ask = async () => (asked += 1);
  assert.equal(await call.within(1000, ask), 1);
  assert.equal(call.isUnderWay, false);
  assert.equal(await call.within(1000, ask), 2);
});

test("while it is unanswered it is not asked again, and the late answer is of no use to the next", async () => {
  const call = new SingleCall<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  let asked = 0;
  const ask = (): Promise<string> => {
    asked += 1;
    return asked === 1 ? promise : Promise.resolve("fresh");
  };
  assert.equal(await call.within(5, ask), undefined);
  assert.equal(await call.within(5, ask), undefined);
  assert.deepEqual([asked, call.isUnderWay], [1, true]);
  resolve("late");
  await promise;
  await new Promise((done) => setImmediate(done));
  assert.equal(call.isUnderWay, false);
  assert.equal(await call.within(1000, ask), "fresh");
});

test("an answer that comes while it is waited for again is given", async () => {
  const call = new SingleCall<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  assert.equal(await call.within(5, () => promise), undefined);
  setTimeout(() => resolve("at last"), 5);
  assert.equal(await call.within(1000, () => assert.fail("asked twice")), "at last");
});

test("its error is the waiter's, and nobody's when nobody waits", async () => {
  const call = new SingleCall<string>();
  await assert.rejects(
    call.within(1000, () => Promise.reject(new Error("no"))),
    /no/,
  );
  const { promise, reject } = Promise.withResolvers<string>();
  assert.equal(await call.within(5, () => promise), undefined);
  reject(new Error("late"));
  await new Promise((done) => setImmediate(done));
  assert.equal(call.isUnderWay, false);
});

test("the signal ends the waiting", async () => {
  const call = new SingleCall<string>();
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stop")), 5);
  await assert.rejects(call.within(10_000, never, stop.signal), /stop/);
  await assert.rejects(call.within(10_000, never, stop.signal), /stop/);
});
