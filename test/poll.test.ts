import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../src/clock.ts";
import { Poller, type Source } from "../src/poll.ts";
import { collectLog } from "./logged.ts";

interface Reading {
  readonly value: number;
  readonly problems: readonly Error[];
}

function source(name: string, read: Source<Reading>["read"]): Source<Reading> {
  return { name, read, close: async () => undefined };
}

const unstopped = new AbortController().signal;
const well = source("well", async () => ({ value: 1, problems: [] }));

test("sources are read side by side, and a late one does not hold up the others", async () => {
  const { log } = collectLog();
  const never = source("never", () => new Promise(() => undefined));
  const begun = performance.now();
  const [late, good] = await new Poller([never, well], systemClock, log).poll(60, unstopped);
  assert.ok(performance.now() - begun < 2000);
  assert.equal(late?.state, "failed");
  assert.match(late?.error?.message ?? "", /Cannot read never within 60 ms/);
  assert.equal(good?.state, "ok");
  assert.equal(good?.reading?.value, 1);
});

test("a source that is late is not read again on top, and what it brings is the next round's", async () => {
  const { log } = collectLog();
  let reads = 0;
  const { promise, resolve } = Promise.withResolvers<Reading>();
  const slow = source("slow", () => {
    reads += 1;
    return reads === 1 ? promise : Promise.resolve({ value: 2, problems: [] });
  });
  const poller = new Poller([slow], systemClock, log);
  for (let round = 0; round < 2; round++) {
    const [late] = await poller.poll(20, unstopped);
    assert.equal(late?.state, "failed");
  }
  assert.equal(reads, 1);
  assert.equal(poller.untaken(slow), undefined);
  resolve({ value: 1, problems: [] });
  await sleep(5);
  assert.equal(poller.untaken(slow)?.value, 1);
  const values = [];
  for (let round = 0; round < 2; round++)
    values.push((await poller.poll(1000, unstopped))[0]?.reading?.value);
  assert.deepEqual(values, [1, 2]);
  assert.equal(poller.untaken(slow), undefined);
});

test("a read that fails late is the next round's failure, and nobody's unhandled one", async () => {
  const { log } = collectLog();
  const { promise, reject } = Promise.withResolvers<Reading>();
  let reads = 0;
  const failing = source("failing", () => {
    reads += 1;
    return reads === 1 ? promise : Promise.resolve({ value: 2, problems: [] });
  });
  const poller = new Poller([failing], systemClock, log);
  await poller.poll(10, unstopped);
  reject(new Error("broken"));
  await sleep(5);
  assert.equal((await poller.poll(1000, unstopped))[0]?.error?.message, "broken");
  assert.equal((await poller.poll(1000, unstopped))[0]?.state, "ok");
});

test("a reading with problems is partial, and keeps what was read", async () => {
  const { log } = collectLog();
  const partial = source("partial", async () => ({ value: 7, problems: [new Error("no disk")] }));
  const [outcome] = await new Poller([partial], systemClock, log).poll(1000, unstopped);
  assert.equal(outcome?.state, "partial");
  assert.equal(outcome?.reading?.value, 7);
});

test("a problem is logged when it begins, changes and ends, not in every cycle", async () => {
  const { log, lines } = collectLog();
  const problems = ["a", "a", "b", "", ""];
  const shaky = source("shaky", async () => {
    const problem = problems.shift() ?? "";
    return { value: 1, problems: problem === "" ? [] : [new Error(problem)] };
  });
  const poller = new Poller([shaky], systemClock, log);
  for (let round = 0; round < 5; round++) poller.report(await poller.poll(1000, unstopped));
  assert.deepEqual(
    lines.map(({ level, fields, message }) => [level, fields["problem"], message]),
    [
      ["warn", "a", "source has a problem"],
      ["warn", "b", "source has a problem"],
      ["info", undefined, "source recovered"],
    ],
  );
});

test("a stop does not wait for a source", async () => {
  const { log } = collectLog();
  const stop = new AbortController();
  const never = source("never", () => new Promise(() => undefined));
  setTimeout(() => stop.abort(), 10);
  const begun = performance.now();
  const [outcome] = await new Poller([never], systemClock, log).poll(60_000, stop.signal);
  assert.equal(outcome?.state, "failed");
  assert.ok(performance.now() - begun < 5000);
});

test("a problem that differs in an amount only is the same one; of another domain it is another", async () => {
  const { log, lines } = collectLog();
  const problems = [
    "vm-1 within 124 ms",
    "vm-1 within 97 ms",
    "vm-2 within 97 ms",
    "vm-2 and 3 more",
    "vm-2 and 4 more",
  ];
  const shaky = source("shaky", async () => ({ value: 1, problems: [new Error(problems.shift())] }));
  const poller = new Poller([shaky], systemClock, log);
  for (let rounds = problems.length; rounds > 0; rounds--) poller.report(await poller.poll(1000, unstopped));
  assert.deepEqual(
    lines.map(({ fields }) => fields["problem"]),
    ["vm-1 within 124 ms", "vm-2 within 97 ms", "vm-2 and 3 more"],
  );
});

test("rounds are timed, those in which a source failed under its error's type", async () => {
  const { log } = collectLog();
  let fails = false;
  const shaky = source("shaky", async () => {
    if (fails) throw new RangeError("no");
    return { value: 1, problems: [] };
  });
  const poller = new Poller([well, shaky], systemClock, log);
  await poller.poll(1000, unstopped);
  await poller.poll(1000, unstopped);
  fails = true;
  await poller.poll(1000, unstopped);
  assert.deepEqual(
    Array.from(poller.durations, ([errorType, { counts }]) => [
      errorType,
      counts.filter((count) => count > 0),
    ]),
    [
      ["", [2]],
      ["RangeError", [1]],
    ],
  );
});
