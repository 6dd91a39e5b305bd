import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Course } from "../../src/local-endpoint/health.ts";
import type { Logger } from "../../src/log.ts";
import { ServiceManager } from "../../src/systemd/service-manager.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-systemd-"));
after(() => rmSync(directory, { recursive: true }));

const told = join(directory, "told");
// A program of systemd's name that writes down what it was told, and by which environment.
writeFileSync(
  join(directory, "systemd-notify"),
  `#!/bin/sh\necho "$NOTIFY_SOCKET\${SECRET-}|$*" >>${told}\n`,
  { mode: 0o755 },
);
const ENV = { NOTIFY_SOCKET: "@socket", PATH: `${directory}:/usr/bin:/bin`, SECRET: "secret" };

const COURSE: Course = {
  intervalMs: 1000,
  sinceLastCycleMs: 10,
  hasCycled: true,
  sources: new Map([["qemu:///system", true]]),
  destinations: new Map([["http://token@collector", false]]),
};

const silent = () => {};
const hide = (text: string) => text.replaceAll("token", "***");

function manager(env: Readonly<Record<string, string>>, course: () => Course = () => COURSE) {
  writeFileSync(told, "");
  const warnings: string[] = [];
  const warn: Logger["warn"] = (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { error: silent, warn, info: silent, debug: silent, trace: silent };
  return { manager: ServiceManager.of(env, { course, log, hide }), warnings };
}

const lines = () => readFileSync(told, "utf8").split("\n").slice(0, -1);
const until = async (count: number) => {
  for (let waited = 0; lines().length < count && waited < 500; waited += 1) await sleep(10);
};

const STATUS = "STATUS=no destination has taken data yet: http://***@collector";

test("nobody is told where nobody listens", () => {
  assert.equal(manager({ PATH: ENV.PATH }).manager, undefined);
});

test("the first cycle is told, signs of life follow, and the end", async () => {
  const { manager: told, warnings } = manager({ ...ENV, WATCHDOG_USEC: "40000" });
  told?.cycleEnded();
  told?.cycleEnded();
  await until(3);
  await told?.stopping();
  const said = lines();
  assert.deepEqual(said.slice(0, 2), [`@socket|READY=1 ${STATUS}`, `@socket|WATCHDOG=1 ${STATUS}`]);
  assert.equal(said.at(-1), "@socket|STOPPING=1");
  assert.equal(said.filter((line) => line.includes("READY")).length, 1);
  await sleep(60);
  assert.equal(lines().length, said.length, "silence after the end");
  assert.deepEqual(warnings, []);
});

test("no sign of life without cycles, without a watchdog, or for another process", async () => {
  const late = manager({ ...ENV, WATCHDOG_USEC: "20000" }, () => ({ ...COURSE, sinceLastCycleMs: 3001 }));
  late.manager?.cycleEnded();
  await until(1);
  await sleep(60);
  await late.manager?.stopping();
  assert.ok(!lines().some((line) => line.includes("WATCHDOG")), lines().join());
  assert.match(late.warnings[0] ?? "", /one is due every 1\.0 s/);
  for (const env of [ENV, { ...ENV, WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }]) {
    const { manager: unwatched } = manager(env);
    unwatched?.cycleEnded();
    await until(1);
    await sleep(60);
    await unwatched?.stopping();
    assert.deepEqual(lines(), [`@socket|READY=1 ${STATUS}`, "@socket|STOPPING=1"]);
  }
});

test("a machine without the program costs one line in the log", async () => {
  const { manager: untold, warnings } = manager({
    ...ENV,
    PATH: "/nowhere",
    WATCHDOG_USEC: "20000",
  });
  untold?.cycleEnded();
  await sleep(60);
  await untold?.stopping();
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0] ?? "", /Cannot tell the service manager: .*ENOENT/);
});

test("that it is ready is told until it was heard", async () => {
  const deaf = mkdtempSync(join(directory, "deaf-"));
  const heard = join(deaf, "heard");
  // Fails the first time.
  const script = `#!/bin/sh\n[ -e ${deaf}/tried ] || { : >${deaf}/tried; exit 1; }\necho "$*" >>${heard}\n`;
  writeFileSync(join(deaf, "systemd-notify"), script, { mode: 0o755 });
  writeFileSync(heard, "");
  const { manager: told, warnings } = manager({
    ...ENV,
    PATH: `${deaf}:/usr/bin:/bin`,
    WATCHDOG_USEC: "40000",
  });
  for (let cycle = 0; cycle < 40; cycle += 1) {
    told?.cycleEnded();
    await sleep(10);
  }
  await told?.stopping();
  const said = readFileSync(heard, "utf8").split("\n").slice(0, -1);
  assert.equal(said.filter((line) => line === `READY=1 ${STATUS}`).length, 1);
  assert.equal(said.at(-1), "STOPPING=1");
  assert.equal(warnings.length, 1);
});
