import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { createFilesystemReader } from "../../src/host/filesystems.ts";
import type { HostReader } from "../../src/host/host-reader.ts";
import { isContainersProcfs } from "../../src/host/namespaces.ts";
import { procLoadavg } from "../../src/host/proc-loadavg.ts";
import { procUptime } from "../../src/host/proc-uptime.ts";
import { HOST_READER_NAMES, hostReaders } from "../../src/readings/host-scopes.ts";
import { fakeRoot } from "../host/fake-root.ts";
import { NEVER, standingClock, treeReaders, treeSource } from "../host/read-tree.ts";

const TREE = new URL("../fixtures/host/linux-6.12", import.meta.url).pathname;

function copyOfTree(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(TREE, root, { recursive: true });
  return root;
}

test("every reader has a name of its own, and every scope is its reader's", () => {
  assert.equal(new Set(HOST_READER_NAMES).size, HOST_READER_NAMES.length);
  for (const { name, scopes } of hostReaders({ taps: true })) {
    for (const scope of Object.values(scopes)) assert.equal(scope.group, name);
  }
});

test("a reader with an interval is read when it is due, and gives what it read in between", async (context) => {
  const root = copyOfTree(context);
  const clock = standingClock();
  const { source } = treeSource(root, { clock, intervalsMs: { loadavg: 60_000 } });
  const load = async () => {
    const { statistics } = await source.read(NEVER);
    return [statistics.items.hostLoad?.[0]?.values.oneMinute, statistics.readAt.loadavg?.monotonicMs];
  };
  const begunMs = clock.now().monotonicMs;
  assert.deepEqual(await load(), [261, begunMs]);
  writeFileSync(`${root}/proc/loadavg`, "9.00 1.00 1.00 1/2 3\n");
  clock.goOn(10_000);
  assert.deepEqual(await load(), [261, begunMs]);
  clock.goOn(50_000);
  assert.deepEqual(await load(), [900, begunMs + 60_000]);
});

test("what KVM counts in nanoseconds is told to the digit, however large, and so is a profit below 0", async (context) => {
  const root = copyOfTree(context);
  writeFileSync(`${root}/sys/kernel/debug/kvm/halt_wait_ns`, "9007199254740993\n");
  writeFileSync(`${root}/sys/kernel/mm/ksm/general_profit`, "-1234567890123456\n");
  const { statistics, problems } = await treeSource(root).source.read(NEVER);
  assert.deepEqual(problems, []);
  const waited = statistics.items.hostKvm?.find(({ path: [name] }) => name === "halt_wait_ns");
  assert.equal(waited?.values.value, 9_007_199_254_740_993n);
  assert.equal(statistics.items.hostKsm?.[0]?.values.profitBytes, -1_234_567_890_123_456);
});

test("who the host is, is asked again where it could not be read", async (context) => {
  const root = copyOfTree(context);
  const stat = `${root}/proc/stat`;
  const aside = `${root}/stat`;
  renameSync(stat, aside);
  mkdirSync(stat);
  const { source } = treeSource(root);
  await assert.rejects(source.read(NEVER), { code: "EISDIR" });
  rmdirSync(stat);
  renameSync(aside, stat);
  assert.ok((await source.read(NEVER)).bootedAtNs);
});

test("a reader that hangs is left out and not begun again, the others go on, and it comes back", async () => {
  const clock = standingClock();
  let begun = 0;
  const held = Promise.withResolvers<void>();
  const slow: HostReader & { readonly name: "uptime" } = {
    ...procUptime,
    async read(context) {
      begun += 1;
      if (begun === 2) await held.promise;
      return procUptime.read(context);
    },
  };
  const { source } = treeSource(TREE, { clock, readers: [slow, procLoadavg], waitMs: 50 });
  const groups = async () => {
    clock.goOn(10_000);
    const { statistics, problems } = await source.read(NEVER);
    return { groups: Object.keys(statistics.readAt), problems: problems.map(({ message }) => message) };
  };
  assert.deepEqual(await groups(), { groups: ["uptime", "loadavg"], problems: [] });
  for (let cycle = 0; cycle < 3; cycle += 1) {
    const late = await groups();
    assert.deepEqual(late.groups, ["loadavg"]);
    assert.match(late.problems.join(), /Cannot read .*\/proc\/uptime in time: still waiting/);
  }
  assert.equal(begun, 2);
  held.resolve();
  await sleep(20);
  assert.deepEqual(await groups(), { groups: ["uptime", "loadavg"], problems: [] });
});

test("what is absent is noted once, and again when it went away a second time", async (context) => {
  const root = copyOfTree(context);
  const { source, notes } = treeSource(root, { readers: [procLoadavg] });
  await source.read(NEVER);
  assert.deepEqual(notes, []);
  unlinkSync(`${root}/proc/loadavg`);
  for (let cycle = 0; cycle < 3; cycle += 1) assert.deepEqual((await source.read(NEVER)).problems, []);
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? "", /host's loadavg: current value of \/proc\/loadavg is not there/);
  writeFileSync(`${root}/proc/loadavg`, "9.00 1.00 1.00 1/2 3\n");
  await source.read(NEVER);
  unlinkSync(`${root}/proc/loadavg`);
  await source.read(NEVER);
  assert.equal(notes.length, 2);
});

test("a reader that fails is one problem of its own", async () => {
  const broken: HostReader & { readonly name: "loadavg" } = {
    ...procLoadavg,
    read: () => Promise.reject(new Error("EIO: i/o error")),
  };
  const readers = treeReaders().map((reader) => (reader.name === "loadavg" ? broken : reader));
  const { problems, statistics } = await treeSource(TREE, { readers }).source.read(NEVER);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [`Cannot read ${TREE}/proc/loadavg: EIO: i/o error`],
  );
  assert.ok(statistics.items.hostMemory);
});

async function interfaces(taps: boolean): Promise<unknown> {
  const readers = hostReaders({ taps }).filter(({ name }) => name === "network");
  const { statistics } = await treeSource(TREE, { readers }).source.read(NEVER);
  return statistics.items.hostNic?.map(({ path }) => path[0]);
}

test("taps of domains are told when asked for", async () => {
  assert.deepEqual(await interfaces(false), ["lo", "eno1", "br0", "tun0"]);
  assert.deepEqual(await interfaces(true), ["lo", "eno1", "br0", "vnet0", "tap-web1", "macvtap0", "tun0"]);
});

test("a file system that does not answer holds up no other, and is asked once until it does", async () => {
  const asked: string[] = [];
  const held = Promise.withResolvers<void>();
  const space = { bsize: 4096n, blocks: 10n, bfree: 5n, bavail: 5n };
  const reader = createFilesystemReader({
    waitMs: 30,
    ask: async (path) => {
      asked.push(path.replace(`${TREE}/proc/1/root`, "") || "root");
      if (path.endsWith("images a")) await held.promise;
      return space;
    },
  });
  const faults: string[] = [];
  const read = async () => {
    const items = await reader.read({
      procfs: `${TREE}/proc`,
      sysfs: "",
      onFault: ({ what }) => void faults.push(what),
    });
    return items?.hostFilesystem.map(({ path }) => path[1]);
  };
  assert.deepEqual(await read(), ["/", "/boot"]);
  assert.deepEqual(await read(), ["/", "/boot"]);
  assert.equal(asked.filter((path) => path.endsWith("images a")).length, 1);
  assert.equal(faults.length, 2);
  assert.match(faults[0] ?? "", /images a \(nfs4\) does not answer within 30 ms/);
  held.resolve();
  await sleep(10);
  assert.deepEqual(await read(), ["/", "/boot", "/var/lib/libvirt/images a"]);
});

test("a container's /proc is told from the host's in a container, and from that of no container", async (context) => {
  const root = fakeRoot(context, {
    "own/self/": "",
    "host/self/status": "Name:\tnode\nNSpid:\t12661\t7\nNSpgid:\t1\n",
    "container/self/status": "Name:\tnode\nNSpid:\t7\nNSpgid:\t1\n",
  });
  // A link whose target is no path, as the kernel's are.

  mkdirSync(`${root}/own/self/ns`);
  symlinkSync("pid:[4026532201]", `${root}/own/self/ns/pid`);
  assert.equal(await isContainersProcfs(`${root}/container`, `${root}/own`), true);
  assert.equal(await isContainersProcfs(`${root}/host`, `${root}/own`), false);
  assert.equal(await isContainersProcfs(`${root}/nowhere`, `${root}/own`), false);
  rmSync(`${root}/own/self/ns/pid`);
  symlinkSync("pid:[4026531836]", `${root}/own/self/ns/pid`);
  assert.equal(await isContainersProcfs(`${root}/container`, `${root}/own`), false);
});
