import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import { type CommandDescription, describeCommands } from "../../scripts/package/command-line.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "../../scripts/package/completions.ts";
import { manPage } from "../../scripts/package/man-page.ts";
import { COMMANDS } from "../../src/cli/commands.ts";

const commands = await describeCommands();

/** What nobody has typed yet: a name with what would be a request, an escape and a quote to roff and to shells. */
const ODD: CommandDescription = {
  name: "odd",
  summary: "It's odd: [very].",
  syntax: { usage: "kvmeter odd one|two [options]", about: ".TH is 'no' \\request", flags: {} },
  flags: [["kind", { value: "FILE", short: "k", help: "It's [a]: kind.", multiple: true }]],
  words: ["one", "two"],
};

/** What bash offers for a line with the cursor at its end. */
function completed(...words: readonly string[]): string[] {
  const script = `${bashCompletion(commands)}
compopt() { :; }
COMP_WORDS=(kvmeter ${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length}
_kvmeter; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-uc", script], {
    encoding: "utf8",
    // Node's pipe is a socket, by which a bash that no other started takes itself for a login from afar.
    stdio: ["ignore", "pipe", "pipe"],
    cwd: import.meta.dirname,
  });
  assert.equal(stderr, "");
  return stdout.split("\n").filter((line) => line !== "");
}

test("every command is described, by its usage and its options", () => {
  assert.deepEqual(
    commands.map(({ name }) => name),
    Object.keys(COMMANDS),
  );
  for (const { name, syntax, flags } of commands) {
    assert.ok(syntax.usage.startsWith(`kvmeter ${name}`), syntax.usage);
    assert.equal(flags.at(-1)?.[0], "help");
  }
  const words = Object.fromEntries(commands.map(({ name, words }) => [name, words]));
  assert.deepEqual(words["config"], ["print", "schema", "validate"]);
  assert.deepEqual(words["help"], Object.keys(COMMANDS));
  assert.deepEqual(words["run"], []);
});

test("bash completes commands, options, words, choices and files", () => {
  assert.deepEqual(completed("o"), ["once"]);
  assert.deepEqual(completed("config", "val"), ["validate"]);
  assert.deepEqual(completed("once", "--form"), ["--format"]);
  assert.deepEqual(completed("once", "--format", "o"), ["otlp-json"]);
  assert.deepEqual(completed("run", "--config", "command-line"), ["command-line.test.ts"]);
  // The default command's, where there is none.
  assert.deepEqual(completed("-c", "command-line"), ["command-line.test.ts"]);
  assert.deepEqual(completed("once", "--connect", ""), []);
});

test("zsh and fish have every option of every command, and quotes do not end their texts", () => {
  const [zsh, fish] = [zshCompletion([...commands, ODD]), fishCompletion([...commands, ODD])];
  for (const { name, flags } of commands) {
    assert.ok(zsh.includes(`    ${name})\n`), name);
    for (const [flag] of flags) {
      assert.ok(zsh.includes(`--${flag}[`), flag);
      assert.match(fish, new RegExp(`from ${name}' .*-l ${flag}\\b`));
    }
  }
  assert.ok(zsh.includes("'odd:It'\\''s odd\\: \\[very\\].'"), zsh);
  assert.ok(zsh.includes("'*-k[It'\\''s \\[a\\]\\: kind.]:file:_files'"), zsh);
  assert.ok(fish.includes("-s k -l kind -r -F -d 'It\\'s [a]: kind.'"), fish);
});

test("the manual page has every command, and no text of it is a request to roff", () => {
  const page = manPage([...commands, ODD], { version: "1.2.3", date: "2026-01-02" });
  assert.ok(page.startsWith('.TH KVMETER 1 2026-01-02 "kvmeter 1.2.3"\n'));
  for (const { name } of commands) assert.match(page, new RegExp(`^\\.SS kvmeter ${name}\\b`, "m"));
  assert.ok(page.includes("\n\\&.TH is 'no' \\erequest\n"), page);
  assert.ok(page.includes(".B \\-k, \\-\\-kind FILE\n"), page);
  const macros = new Set(page.split("\n").flatMap((line) => /^\.(\w+)/.exec(line)?.[1] ?? []));
  assert.deepEqual([...macros].toSorted(), ["B", "BR", "I", "RI", "SH", "SS", "TH", "TP", "fi", "nf"]);
});
