import assert from "node:assert/strict";
import { test } from "node:test";

import { within } from "../src/within.ts";

const never = new Promise<string>(() => undefined);

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

test("neither a timer nor a listener is left behind", async () => {
  const { signal } = new AbortController();
  const listeners: string[] = [];
  signal.addEventListener = (): void => void listeners.push("+");
  signal.removeEventListener = (): void => void listeners.push("-");
  await within(Promise.resolve("here"), 60_000, signal);
  assert.deepEqual(listeners, ["+", "-"]);
  assert.equal(process.getActiveResourcesInfo().includes("Timeout"), false);
});
