import assert from "node:assert/strict";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { NEVER, treeSource } from "./read-tree.ts";

const TREE = new URL("../fixtures/host/linux-6.12", import.meta.url).pathname;

/** Files that are looked at only to see that they are there, or that are switched by a tree's other files. */
const NOT_PARSED = /^proc\/\d+\/comm$|\/address$|tun_flags$|thread_siblings_list$|debug\/kvm\/\d|ksm\/run$/;
/** sysfs has one value a file, of which a line is all. */
const LINE = /, line \d+: /;

const paths = readdirSync(TREE, { recursive: true, encoding: "utf8" })
  .filter((path) => statSync(join(TREE, path)).isFile() && !NOT_PARSED.test(path))
  // One of a kind is enough.
  .filter((path) => !/cpu[1-9]|node1|1048576kB|cciss|dm-0|loop0/.test(path));

const intact = await treeSource(TREE).source.read(NEVER);

/** Bytes that no kernel writes, the same in every run. */
const NOISE = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919 + (index >> 3)) % 256));

interface Damage {
  readonly name: string;
  readonly does: (content: Buffer) => Buffer;
  /** What is left of a file that is only too long is all of it. */
  readonly isSeen: (path: string) => boolean;
}

const DAMAGES: readonly Damage[] = [
  // The last byte is the end of the last line; that of a single value says nothing.
  {
    name: "truncated",
    does: (content) => content.subarray(0, content.length - 1),
    isSeen: (path) => path.startsWith("proc/") && !path.endsWith("cpuinfo"),
  },
  { name: "empty", does: () => Buffer.alloc(0), isSeen: (path) => !/diskstats$|cpuinfo$/.test(path) },
  { name: "binary", does: () => NOISE, isSeen: (path) => !path.endsWith("cpuinfo") },
  { name: "all zero bytes", does: () => Buffer.alloc(4000), isSeen: (path) => !path.endsWith("cpuinfo") },
  {
    name: "numbers beyond 64 bits",
    does: (content) => Buffer.from(content.toString().replaceAll(/\b\d+\b/g, "9".repeat(30))),
    isSeen: (path) => !/cpuinfo$|mounts$|uptime$/.test(path),
  },
];

for (const { name, does, isSeen } of DAMAGES) {
  test(`${name}: the file is named, and nothing else is lost`, async (context) => {
    const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
    context.after(() => rmSync(root, { recursive: true, force: true }));
    cpSync(TREE, root, { recursive: true });
    for (const path of paths) {
      const content = readFileSync(join(root, path));
      writeFileSync(join(root, path), does(content));
      const { source } = treeSource(root);
      const { problems, statistics } = await source.read(NEVER);
      writeFileSync(join(root, path), content);
      if (isSeen(path)) {
        assert.ok(problems.length > 0, `${path}: a problem`);
        for (const { message } of problems) {
          assert.ok(message.includes(join(root, path)), `${path} in: ${message}`);
          assert.ok(LINE.test(message) || name === "empty", `a line in: ${message}`);
          assert.doesNotMatch(message, /\n/);
          assert.ok(message.length < 400, message);
        }
      }
      const differing = Object.keys(intact.statistics.items).filter(
        (scope) => !isDeepStrictEqual(ofScope(intact, scope), ofScope({ statistics }, scope)),
      );
      const groups = new Set(differing.map((scope) => groupOfPath(path, scope)));
      assert.ok(groups.size <= 1, `${path} changed ${differing.join(", ")}`);
    }
  });
}

test("a file that does not end is read up to its bound", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "kvmeter-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(TREE, root, { recursive: true });
  for (const path of paths) {
    const file = join(root, path);
    const content = readFileSync(file);
    // A hole: gigabytes of zero bytes that take no room.
    truncateSync(file, 8 * 1024 ** 3);
    const begun = performance.now();
    const before = process.memoryUsage().arrayBuffers;
    const { problems } = await treeSource(root).source.read(NEVER);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs < 5000, `${path}: ${tookMs} ms`);
    assert.ok(process.memoryUsage().arrayBuffers - before < 200 * 1024 ** 2, path);
    if (!path.endsWith("cpuinfo"))
      assert.ok(
        problems.some(({ message }) => message.includes(file)),
        path,
      );
    writeFileSync(file, content);
  }
});

function ofScope({ statistics }: Pick<typeof intact, "statistics">, scope: string): unknown {
  return (statistics.items as Record<string, unknown>)[scope];
}

/** What is read of one file may be more than one scope: that of CPUs and that of processes. */
function groupOfPath(path: string, scope: string): string {
  const together: Record<string, RegExp> = {
    "proc/stat": /^host(?:Cpu|CpuTotal|Processes)$/,
    "proc/vmstat": /^host(?:Paging|TransparentHugepages)$/,
  };
  return together[path]?.test(scope) === true ? path : scope;
}
