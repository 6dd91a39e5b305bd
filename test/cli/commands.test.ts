import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { COMMANDS } from "../../src/cli/commands.ts";
import { loadCommand } from "../../src/cli/help.ts";
import { reportOf } from "../../src/cli/report.ts";
import { ConfigurationError } from "../../src/config/problems.ts";
import { KvmeterError } from "../../src/errors.ts";
import { collectingContext } from "./context.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-commands-"));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, "kvmeter.yaml");

/** Standard output of a command that succeeds. */
async function output(name: string, ...args: string[]): Promise<string> {
  const { texts, context } = collectingContext();
  assert.equal(await (await loadCommand(name)).run(args, context), 0);
  return texts.stdout;
}

test("every command has help, and the overview names every command", async () => {
  const overview = await output("help");
  for (const name of Object.keys(COMMANDS)) {
    assert.match(overview, new RegExp(`^ {2}${name} +\\S`, "m"));
    if (name === "help") continue;
    const help = await output(name, "--help");
    assert.match(help, new RegExp(`^kvmeter ${name}`));
    assert.equal(await output("help", name), help);
    const long = help.split("\n").filter((line) => line.length > 110);
    assert.deepEqual(long, []);
  }
});

test("the catalogue is told whole where the terminal does not know how wide it is", async () => {
  const { texts, context } = collectingContext({ size: { columns: 0, rows: 0 } });
  assert.equal(await (await loadCommand("metrics")).run([], context), 0);
  assert.match(texts.stdout, /^METRIC +KIND +UNIT +SENT +DESCRIPTION\n/);
});

test("an unknown command names the nearest one", async () => {
  await assert.rejects(async () => loadCommand("onec"), {
    code: "USAGE",
    message:
      'Cannot read the command line: unknown command "onec" (did you mean "once"?); see kvmeter --help',
  });
  await assert.rejects(async () => loadCommand("constructor"), { code: "USAGE" });
});

test("metrics lists the catalogue in three formats", async () => {
  const table = await output("metrics");
  assert.match(table, /^METRIC +KIND +UNIT +SENT +DESCRIPTION$/m);
  assert.match(table, /^libvirt\.domain\.cpu\.time +counter +s +yes/m);
  const json = JSON.parse(await output("metrics", "--format", "json")) as { name: string; on: boolean }[];
  assert.equal(json.find(({ name }) => name === "libvirt.domain.vcpu.kvm.events")?.on, false);
  const markdown = (await output("metrics", "--format", "markdown")).trimEnd().split("\n");
  assert.equal(markdown.length, json.length + 2);
  assert.equal(table.trimEnd().split("\n").length, json.length + 1);
});

test("config print, schema and validate", async () => {
  writeFileSync(file, "interval: 7s\nexport: [{ headers: { authorization: hunter2 } }]");
  const printed = await output("config", "print", "-c", file, "--connect", "qemu:///session");
  assert.match(printed, /^interval: 7s$/m);
  assert.match(printed, /uri: qemu:\/\/\/session$/m);
  assert.doesNotMatch(printed, /hunter2/);
  const schema = JSON.parse(await output("config", "schema")) as { properties: object };
  assert.ok("interval" in schema.properties);
  assert.equal(await output("config", "validate", "-c", file), `${file} is valid.\n`);
  await assert.rejects(output("config", "prnt"), { code: "USAGE", message: /did you mean "print"/ });
  await assert.rejects(output("config"), { code: "USAGE" });
  writeFileSync(file, "interval: x");
  await assert.rejects(output("config", "validate", "-c", file), ConfigurationError);
});

test("simulate listens until it is told to stop", async () => {
  const stop = new AbortController();
  const { texts, context } = collectingContext({ signal: stop.signal });
  const socket = join(directory, "s.sock");
  const running = (await loadCommand("simulate")).run(["--socket", socket, "--domains", "1"], context);
  while (texts.stdout === "") await new Promise((resolve) => setImmediate(resolve));
  assert.equal(texts.stdout, `qemu+unix:///system?socket=${socket}\n`);
  const once = collectingContext();
  await (await loadCommand("once")).run(["--connect", texts.stdout.trim()], once.context);
  assert.match(once.texts.stdout, /^DOMAIN +STATE/);
  assert.match(once.texts.stdout, /^vm-0 +running/m);
  assert.match(once.texts.stdout, /^1 domains, \d+ values/m);
  stop.abort();
  assert.equal(await running, 0);
});

test("simulate refuses a fault that is none", async () => {
  await assert.rejects(output("simulate", "--fault", "nonsense"), { code: "USAGE" });
  await assert.rejects(output("simulate", "--domains", "many"), { code: "USAGE" });
});

test("errors end in one line each, with their code; a bug shows its stack", () => {
  const problem = { code: "CONFIG_INVALID", line: "k.yaml:1:1 a: wrong", offset: 0 } as const;
  assert.deepEqual(reportOf(new ConfigurationError([problem, { ...problem, code: "CONFIG_REFERENCE" }])), {
    text: "k.yaml:1:1 a: wrong [CONFIG_INVALID]\nk.yaml:1:1 a: wrong [CONFIG_REFERENCE]\n",
    exitCode: 2,
  });
  const failure = new KvmeterError("LIBVIRT_DISCONNECTED", "Cannot read:\n  gone", {
    cause: new Error("reset"),
  });
  assert.deepEqual(reportOf(failure), {
    text: "kvmeter: Cannot read: gone [LIBVIRT_DISCONNECTED]\n",
    exitCode: 1,
  });
  const hostile = new KvmeterError("LIBVIRT_DISCONNECTED", "Cannot read: \u001b[2Jgone\u009b31m");
  assert.equal(
    reportOf(hostile).text,
    "kvmeter: Cannot read: \ufffd[2Jgone\ufffd31m [LIBVIRT_DISCONNECTED]\n",
  );
  assert.match(reportOf(new TypeError("bug")).text, /unexpected error.*TypeError: bug\n.* at /s);
  assert.equal(reportOf("thrown text").exitCode, 1);
});
