import assert from "node:assert/strict";
import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { simulated } from "./simulated.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const NOBODY = 65_534;

const directory = mkdtempSync(join(tmpdir(), "kvmeter-main-"));
after(() => rmSync(directory, { recursive: true }));

function start(args: readonly string[], options: SpawnOptions = {}) {
  return spawn(process.execPath, [MAIN, ...args], { env: {}, ...options, stdio: ["ignore", "pipe", "pipe"] });
}

/** What a run of the program ends with. */
async function end(args: readonly string[], options: SpawnOptions = {}) {
  const child = start(args, options);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, stdout, stderr };
}

const socketUri = (path: string) => `qemu+unix:///system?socket=${path}`;

test("version and help succeed; so does the version as an option", async () => {
  const [version, help] = await Promise.all([end(["--version"]), end(["--help"])]);
  assert.match(version.stdout, /^kvmeter \d+\.\d+\.\d+(?: \(commit [0-9a-f]{40}\))?\n$/);
  assert.match(help.stdout, /^kvmeter \[command\]/);
  assert.deepEqual([version.code, help.code], [0, 0]);
});

test("a wrong command line and a wrong configuration end with 2 and one line", async () => {
  const file = join(directory, "bad.yaml");
  writeFileSync(file, "intervall: 5s\n");
  const [usage, configuration] = await Promise.all([end(["onec"]), end(["-c", file])]);
  assert.deepEqual(usage, {
    code: 2,
    stdout: "",
    stderr:
      'kvmeter: Cannot read the command line: unknown command "onec" (did you mean "once"?); see kvmeter --help [USAGE]\n',
  });
  assert.deepEqual(configuration, {
    code: 2,
    stdout: "",
    stderr: `${file}:1:1 intervall: unknown option (did you mean "interval"?) [CONFIG_INVALID]\n`,
  });
});

test("a libvirt socket that is not there, or that nobody listens on, ends with 1 and one line", async () => {
  const dead = join(directory, "dead.sock");
  // A socket whose process is gone: killed, it does not remove it.
  const owner = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, "SIGKILL"))`,
  ]);
  await once(owner, "close");
  const missing = join(directory, "missing.sock");
  const [absent, refused] = await Promise.all([
    end(["once", "--connect", socketUri(missing)]),
    end(["run", "--connect", socketUri(dead)]),
  ]);
  assert.equal(absent.code, 1);
  assert.match(
    absent.stderr,
    /^kvmeter: Cannot connect to libvirt: .*missing\.sock.*; .*\[LIBVIRT_SOCKET_MISSING\]\n$/,
  );
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /dead\.sock.*\[LIBVIRT_SOCKET_REFUSED\]\n$/);
});

test("a libvirt socket that this user may not open ends with 1 and one line", async (context) => {
  const closed = join(directory, "closed");
  mkdirSync(closed, { mode: 0o755 });
  const path = join(closed, "libvirt.sock");
  const server = createServer().listen(path);
  await once(server, "listening");
  context.after(() => server.close());
  chmodSync(path, 0o600);
  chmodSync(directory, 0o755);
  const asRoot = process.getuid?.() === 0;
  if (!asRoot) chmodSync(path, 0o000);
  // An empty value keeps the test runner from having that user write its coverage.
  const other = asRoot ? { uid: NOBODY, gid: NOBODY, cwd: "/", env: { NODE_V8_COVERAGE: "" } } : {};
  if (asRoot && (await end(["version"], other)).code !== 0) {
    context.skip("another user cannot read this folder");
    return;
  }
  const { code, stderr } = await end(["once", "--connect", socketUri(path)], other);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^kvmeter: Cannot .*closed\/libvirt\.sock.*\[LIBVIRT_SOCKET_PERMISSION\]\n$/);
});

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  test(`${signal} stops in order with 0, and nothing stays behind`, async () => {
    const socket = join(directory, `${signal}.sock`);
    const child = start(["simulate", "--socket", socket]);
    await once(child.stdout, "data");
    child.kill(signal);
    // A shell and the kernel hang up one after the other.
    child.kill("SIGHUP");
    await once(child, "close");
    assert.deepEqual([child.exitCode, child.signalCode], [0, null]);
    assert.equal(existsSync(socket), false);
  });
}

test("six threads may wait for what never answers, and four are left", async (context) => {
  const { uri } = await simulated(context, { domains: 1 });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
  const child = start(["run", "--connect", uri], { env });
  context.after(() => child.kill("SIGKILL"));
  const log = createInterface(child.stderr);
  for await (const line of log) if (line.includes("refused")) break;
  const threads = readdirSync(`/proc/${child.pid}/task`);
  const names = threads.map((thread) => readFileSync(`/proc/${child.pid}/task/${thread}/comm`, "utf8"));
  assert.equal(names.filter((name) => name === "libuv-worker\n").length, 10);
});

test("a slow reader gets everything, more than a pipe holds", async (context) => {
  const { socketPath } = await simulated(context, { domains: 12 });
  const child = start(["once", "--format", "json", "--connect", socketUri(socketPath)]);
  const closed = once(child, "close");
  await setTimeout(2500);
  const [stdout] = await Promise.all([text(child.stdout), closed]);
  assert.ok(stdout.length > 3 * 65_536, `${stdout.length}`);
  assert.equal((JSON.parse(stdout) as unknown[]).length, 13, "the domains and their host");
  assert.equal(child.exitCode, 0);
});

test("an output that takes nothing, as a file on a full disk, ends with 1 and says so", async (context) => {
  const full = openSync("/dev/full", "w");
  context.after(() => closeSync(full));
  const child = spawn(process.execPath, [MAIN, "metrics"], { env: {}, stdio: ["ignore", full, "pipe"] });
  assert.ok(child.stderr);
  const [stderr] = await Promise.all([text(child.stderr), once(child, "close")]);
  assert.equal(child.exitCode, 1);
  assert.match(stderr, /^kvmeter: Cannot write to standard output: .*ENOSPC.*\n$/);
});

test("a reader that has seen enough is no error", async () => {
  const child = start(["metrics", "--format", "json"]);
  child.stdout.destroy();
  const [stderr] = await Promise.all([text(child.stderr), once(child, "close")]);
  assert.equal(stderr, "");
  assert.equal(child.exitCode, 0);
});
