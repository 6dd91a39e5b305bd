import assert from "node:assert/strict";
import { test } from "node:test";

import { countFlag, durationFlag, helpOf, parseFlags } from "../../src/cli/flags.ts";

const SYNTAX = {
  usage: "kvmeter try [options]",
  about: "Tries.",
  flags: {
    format: {
      value: "FORMAT",
      short: "f",
      choices: ["table", "json"],
      default: "table",
      help: "What to print.",
    },
    fault: { value: "FAULT", multiple: true, help: "What goes wrong." },
    quiet: { help: "No lines." },
    uri: { value: "URI", help: "Where." },
    filter: { value: "TEXT", default: "", help: "Which." },
  },
} as const;

const parse = (...args: string[]) => parseFlags(args, SYNTAX);

test("values, defaults, repetition, switches", () => {
  assert.deepEqual(parse(), { format: "table", fault: [], quiet: false, filter: "", help: false });
  assert.deepEqual(parse("-f", "json", "--fault", "a", "--fault=b", "--quiet", "--uri=-x"), {
    format: "json",
    fault: ["a", "b"],
    quiet: true,
    uri: "-x",
    filter: "",
    help: false,
  });
});

test("a wrong line says what is wrong, what was meant and where to read more", () => {
  const refused: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["--fromat", "json"], /unknown option --fromat \(did you mean "--format"\?\); see kvmeter try --help$/],
    [["--zzzzzzzz"], /unknown option --zzzzzzzz; see/],
    [["--__proto__"], /unknown option --__proto__/],
    [["extra"], /unexpected argument "extra"/],
    [["--uri"], /--uri needs a value: --uri URI/],
    [["--uri", "--quiet"], /--uri needs a value/],
    [["--uri="], /--uri needs a value/],
    [["--quiet=yes"], /--quiet takes no value/],
    [
      ["--format", "jsn"],
      /--format must be one of table, json \(did you mean "json"\?\): current value is "jsn"/,
    ],
  ];
  for (const [args, message] of refused)
    assert.throws(() => parse(...args), { code: "USAGE", exitCode: 2, message });
});

test("--help is asked for wherever it stands", () => {
  assert.equal(parse("--quiet", "--help"), undefined);
  assert.equal(parse("-h"), undefined);
  const help = helpOf(SYNTAX);
  assert.match(help, /^kvmeter try \[options\]\n\nTries\.\n\nOptions\n/);
  assert.match(help, /^ {2}-f, --format FORMAT {2}What to print\. One of table, json\. Default table\.$/m);
  assert.match(help, /^ {6}--filter TEXT {4}Which\.$/m);
  assert.match(help, /^ {2}-h, --help /m);
});

test("durations and counts have bounds", () => {
  const limits = { min: 100, max: 5000, syntax: SYNTAX };
  assert.equal(durationFlag("interval", "2s", limits), 2000);
  assert.equal(durationFlag("interval", undefined, limits), undefined);
  assert.throws(
    () => durationFlag("interval", "2", limits),
    /--interval must be a duration such as 10s: current value is "2"/,
  );
  assert.throws(
    () => durationFlag("interval", "1m", limits),
    /--interval must be between 100 ms and 5000 ms/,
  );
  assert.equal(countFlag("domains", "100", limits), 100);
  for (const text of ["99", "5001", "1e3", "-100", "x"]) {
    assert.throws(() => countFlag("domains", text, limits), { code: "USAGE" });
  }
});
