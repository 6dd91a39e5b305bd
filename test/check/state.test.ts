import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { checkState } from "../../src/check/state.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { parseLockHolders } from "../../src/host/proc-locks.ts";
import { lockDirectory } from "../../src/otlp/queue/directory-lock.ts";

const { configuration } = loadConfiguration({ env: {} });

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "kvmeter-check-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function check(stateDirectory: string | undefined, more: { file?: string; limitBytes?: number } = {}) {
  const { file, limitBytes = 1 } = more;
  const [first] = configuration.destinations;
  assert.ok(first);
  const destinations = [{ ...first, queue: { ...first.queue, maxBytes: limitBytes }, logs: undefined }];
  const findings = await checkState({ configuration: { stateDirectory, destinations }, file });
  return new Map(findings.map((finding) => [finding.id, finding]));
}

const statesOf = (findings: Awaited<ReturnType<typeof check>>) =>
  [...findings.values()].map(({ id, state }) => `${id} ${state}`);

test("none at all", async () => {
  assert.deepEqual(statesOf(await check(undefined)), ["state-none warn"]);
});

test("one that is there, and one that will be made", async (t) => {
  const path = directory(t);
  const fine = ["state-unusable ok", "state-in-use ok", "state-full ok"];
  assert.deepEqual(statesOf(await check(path)), fine);
  assert.deepEqual(statesOf(await check(join(path, "a/b"))), ["state-unusable ok", "state-full ok"]);
  assert.deepEqual(readdirSync(path), []);
});

test("what cannot be one", async (t) => {
  const path = directory(t);
  writeFileSync(join(path, "file"), "");
  const found = (await check(join(path, "file/state"))).get("state-unusable");
  assert.match(found?.says ?? "", /^Cannot write to .*\/file: it is no directory/);
  symlinkSync(join(path, "nowhere"), join(path, "link"));
  assert.deepEqual(statesOf(await check(join(path, "link"))), ["state-unusable ok", "state-full ok"]);
});

test("one that this user may not write to", { skip: process.getuid?.() === 0 && "root may" }, async (t) => {
  const path = join(directory(t), "state");
  mkdirSync(path);
  chmodSync(path, 0o500);
  const found = (await check(path)).get("state-unusable");
  assert.equal(found?.state, "fail");
  assert.match(found?.mend ?? "", /^chown -R \d+ .*state && chmod u\+rwX /);
});

test("one that an agent uses: this configuration's or another's; nothing in it changes", async (t) => {
  const path = directory(t);
  const lock = lockDirectory(path);
  const before = statSync(join(path, "kvmeter.lock"));
  // This process was started without a configuration's file.
  const mine = (await check(path)).get("state-in-use");
  assert.equal(mine?.says, `the agent with this configuration uses it, process ${process.pid}`);
  const others = (await check(path, { file: join(path, "other.yaml") })).get("state-in-use");
  assert.equal(others?.state, "fail");
  assert.equal(others?.code, "STATE_IN_USE");
  lock.release();
  assert.deepEqual(statesOf(await check(path)).slice(1, 2), ["state-in-use ok"]);
  assert.deepEqual(readdirSync(path), ["kvmeter.lock"]);
  const after = statSync(join(path, "kvmeter.lock"));
  assert.deepEqual([after.mtimeMs, after.size, after.ino], [before.mtimeMs, 0, before.ino]);
});

test("less room than queues may take", async (t) => {
  const found = await check(directory(t), { limitBytes: 2 ** 60 });
  assert.equal(found.get("state-room")?.state, "warn");
  assert.match(
    found.get("state-room")?.says ?? "",
    /iB are left in its file system, queues may take 1.00 EiB$/,
  );
});

test("who holds a lock, as the kernel tells it", () => {
  const text = `1: POSIX  ADVISORY  WRITE 4711 00:1f:1704 1073741825 1073742335
1: -> POSIX  ADVISORY  WRITE 4712 00:1f:1704 1073741825 1073742335
2: FLOCK  ADVISORY  WRITE 99 08:02:17041 0 EOF
3: POSIX  ADVISORY  READ 0 00:1f:1704 0 EOF
4: OFDLCK ADVISORY  READ -1 00:1f:1704 0 EOF
`;
  assert.deepEqual(parseLockHolders(text, 1704n), [4711]);
  assert.deepEqual(parseLockHolders(text, 17041n), [99]);
  assert.deepEqual(parseLockHolders("", 1n), []);
});
