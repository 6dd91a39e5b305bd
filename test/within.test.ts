import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { within } from "../src/within.ts";

const never = new Promise<string>(() => undefined);

async function brokenLate(): Promise<never> {
  await sleep(10);
  throw new Error("broken");
}

test("what comes in time is given, and its error is thrown", async () => {
  assert.equal(await within(Promise.resolve("here"), 1000), "here");
  await assert.rejects(within(Promise.reject(new Error("broken")), 1000), { message: "broken" });
});

test("what is late is not waited for", async () => {
  assert.equal(await within(never, 5), undefined);
});

test("an abort ends the waiting with its reason, before it and during it", async () => {
  const reason = new Error("the agent stops");
  await assert.rejects(within(never, 1000, AbortSignal.abort(reason)), reason);
  const stop = new AbortController();
  const waiting = within(never, 60_000, stop.signal);
  stop.abort(reason);
  await assert.rejects(waiting, reason);
});

test("what comes when nobody waits any more is no unhandled rejection", async (t) => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  t.after(() => process.off("unhandledRejection", onUnhandled));
  const reason = new Error("the agent stops");
  assert.equal(await within(brokenLate(), 1), undefined);
  await assert.rejects(within(brokenLate(), 1000, AbortSignal.abort(reason)), reason);
  await sleep(30);
  assert.deepEqual(unhandled, []);
});

test("neither a timer nor a listener is left behind", async () => {
  const { signal } = new AbortController();
  const listeners: string[] = [];
  signal.addEventListener = (): void => void listeners.push("+");
  signal.removeEventListener = (): void => void listeners.push("-");
  await within(Promise.resolve("here"), 60_000, signal);
  assert.deepEqual(listeners, ["+", "-"]);
  assert.equal(process.getActiveResourcesInfo().includes("Timeout"), false);
});
