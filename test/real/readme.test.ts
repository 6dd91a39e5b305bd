/**
 * Somebody without any rights follows README.md, word for word, on a Debian on which nobody has done anything. The
 * commands are taken out of the page itself, and one that is not followed here makes a test fail. Only "Run its tests"
 * is not followed: .ci/run says the same words, and takes minutes for them.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";

import { type CleanDebian, enterCleanDebian, type ShellEnd } from "./bed/clean-debian.ts";
import { defineGuest, type TestDomain, waitUntilBooted } from "./bed/guests.ts";
import { startHostLibvirtd } from "./bed/libvirtd.ts";
import { repositoryRoot } from "./bed/parts.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { type Commands, commandsOf } from "./readme-commands.ts";

after(takeDownOwned);

const read = (path: string): string => readFileSync(join(repositoryRoot, path), "utf8");

/** A command of a section's sentences. */
function inline(page: Commands, section: string, pattern: RegExp): string {
  const found = page.inline.get(section)?.find((one) => pattern.test(one));
  assert.ok(found, `"${section}" says nothing like ${pattern}`);
  return found;
}

function succeeded({ code, stdout, stderr }: ShellEnd): string {
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return stdout;
}

const WITHOUT_HYPERVISOR = "See it without a hypervisor";
const ITS_TESTS = "Run its tests";
const REAL_HOST = "A real host in five minutes";

async function seeWithoutHypervisor(debian: CleanDebian, page: Commands): Promise<void> {
  const [command = ""] = page.lines.get(WITHOUT_HYPERVISOR) ?? [];
  const demo = debian.start(command);
  const names = (): Set<string> => new Set(demo.stdout().match(/\bvm-\d+\b/g));
  const isOver = demo.ended.then(({ code, stderr }) => assert.fail(`It ended with ${code}: ${stderr}`));
  const twelve = async (): Promise<boolean> => names().size >= 12 && /cpu \d/.test(demo.stdout());
  await Promise.race([waitFor(twelve, { what: "values of twelve VMs", timeoutMs: 120_000 }), isOver]);
  isOver.catch(() => undefined);
  demo.signal("SIGINT");
  assert.match((await demo.ended).stdout, /\d+ points .*requests/);
  const finite = inline(page, WITHOUT_HYPERVISOR, /^npm run demo -- .*--duration 30s/);
  assert.match(
    // Half a minute would tell no more.
    succeeded(await debian.run(finite.replace("30s", "5s"))),
    /cycles have arrived over OTLP\/gRPC: \d+ points[^]*\n4\d domains were seen/,
  );
}

async function readOnce(debian: CleanDebian, page: Commands, guest: TestDomain): Promise<void> {
  const [build = "", once = ""] = page.lines.get(REAL_HOST) ?? [];
  succeeded(await debian.run(build));
  assert.ok(succeeded(await debian.run(once)).includes(guest.name));
  const variant = (pattern: RegExp) =>
    once.replace(/\bonce$/, inline(page, REAL_HOST, pattern).replace("NAME", `'${guest.name}'`));
  assert.match(succeeded(await debian.run(variant(/^once --domain/))), /libvirt\.domain\.cpu\.time/);
  const json = JSON.parse(succeeded(await debian.run(variant(/^once --format json/)))) as object[];
  assert.ok(json.length > 0);
}

/** What is wrong is named with its place. */
async function configure(debian: CleanDebian, page: Commands): Promise<void> {
  const configuration = page.fenced.get(REAL_HOST)?.find(({ language }) => language === "yaml")?.text ?? "";
  succeeded(await debian.run(`cat >kvmeter.yaml <<'END'\n${configuration}END`));
  const validate = inline(page, REAL_HOST, /config validate/);
  succeeded(await debian.run(validate));
  const wrong = validate.replace("kvmeter.yaml", "wrong.yaml");
  const refused = await debian.run(`sed s/collector/colector/ kvmeter.yaml >wrong.yaml && ${wrong}`);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stdout + refused.stderr, /wrong\.yaml:3:\d+/);
}

/** A Collector with the page's example takes what the page's configuration sends, until the agent is told to end. */
async function runAgent(debian: CleanDebian, page: Commands): Promise<void> {
  const collector = debian.start(
    "KVMETER_COLLECTOR_FILE=$HOME/arrived.jsonl otelcol --config otel-collector-example.yaml",
    { alone: true },
  );
  const agent = debian.start(page.lines.get(REAL_HOST)?.[2] ?? "", { alone: true });
  const arrived = async (): Promise<boolean> =>
    (await debian.run("cat ~/arrived.jsonl")).stdout.includes("libvirt.domain.cpu.time");
  await waitFor(arrived, { what: "metrics to arrive", timeoutMs: 60_000, everyMs: 1000 });
  const check = debian.start(inline(page, REAL_HOST, /main\.js check/), { alone: true });
  assert.match((await check.ended).stdout, /collector/);
  const told = performance.now();
  agent.signal("SIGTERM");
  succeeded(await agent.ended);
  assert.ok(performance.now() - told < 5000);
  for (const path of ["docs/library.md", "docs/libvirt-client.md"]) {
    const [example] = [...commandsOf(read(path)).lines.values()].flat();
    assert.ok(example);
    const seconds = 2;
    succeeded(await debian.start(`${example} ${seconds}`, { alone: true }).ended);
  }
  collector.signal("SIGTERM");
  await collector.ended;
}

async function watch(debian: CleanDebian, page: Commands, guest: TestDomain): Promise<void> {
  const kvmeter = /`kvmeter`\s+stands\s+for\s+`([^`]+)`/.exec(read("README.md"))?.[1];
  assert.ok(kvmeter, "README.md does not say what `kvmeter` stands for");
  const [all] = [...commandsOf(read("docs/top.md")).lines.values()];
  const batch = all?.map((line) => line.replace(/ {2,}.*$/, "")).find((line) => line.includes("--batch"));
  assert.ok(batch);
  const tables = succeeded(await debian.run(batch.replace(/^kvmeter/, kvmeter)));
  assert.equal(tables.split(guest.name).length - 1, 3);
  assert.ok(page.inline.get("Look at it")?.includes("kvmeter top"));
}

async function bootOne(t: TestContext) {
  const host = await startHostLibvirtd();
  t.after(() => host.stop());
  const guest = await defineGuest(host);
  await host.virsh(["start", guest.uuid]);
  return { host, guest };
}

test(
  "README.md holds what it promises",
  { skip: await skipWithout("clean-debian", "libvirtd", "guests", "collector"), timeout: 300_000 },
  async (t) => {
    const page = commandsOf(read("README.md"));
    const { host, guest } = await bootOne(t);
    const debian = await enterCleanDebian({ sockets: host.runDirectory });
    t.after(() => debian.stop());

    await t.test("every command is known here", () => {
      assert.deepEqual([...page.lines.keys()], [WITHOUT_HYPERVISOR, ITS_TESTS, REAL_HOST]);
      assert.deepEqual(
        [WITHOUT_HYPERVISOR, ITS_TESTS, REAL_HOST].map((name) => page.lines.get(name)?.length),
        [1, 1, 3],
      );
    });
    await t.test("the tests are run with the words of .ci/run", () => {
      const words = page.lines.get(ITS_TESTS)?.flatMap((line) => line.split(" && "));
      const ci = new Set(read(".ci/run").split("\n"));
      assert.deepEqual(
        words?.filter((line) => !ci.has(line)),
        [],
      );
    });
    await t.test(WITHOUT_HYPERVISOR, () => seeWithoutHypervisor(debian, page));
    await waitUntilBooted(host, [guest]);
    await t.test("the guest tells of its memory", async () => {
      const words = inline(page, REAL_HOST, /^virsh dommemstat NAME/)
        .split(" ")
        .slice(1);
      await host.virsh(words.map((word) => (word === "NAME" ? guest.name : word)));
    });
    await t.test(`${REAL_HOST}: look`, () => readOnce(debian, page, guest));
    await t.test(`${REAL_HOST}: configure`, () => configure(debian, page));
    await t.test(`${REAL_HOST}: run`, () => runAgent(debian, page));
    await t.test("top in batch mode", () => watch(debian, page, guest));
  },
);
