import assert from "node:assert/strict";
import { test } from "node:test";

import { createLogger, secretHider } from "../src/log.ts";

function collector(isTTY = false) {
  const lines: string[] = [];
  return { lines, isTTY, write: (line: string) => lines.push(line) };
}

test("a line is JSON with level, time, fields and message", async () => {
  const stream = collector();
  const log = await createLogger({ level: "info", format: "auto", stream });
  log.info({ domain: "web1" }, "domain is gone");
  log.debug({}, "not shown at this level");
  assert.equal(stream.lines.length, 1);
  const line = JSON.parse(stream.lines[0] ?? "") as Record<string, unknown>;
  assert.equal(line["level"], "info");
  assert.equal(line["domain"], "web1");
  assert.equal(line["msg"], "domain is gone");
  assert.match(String(line["time"]), /^\d{4}-\d\d-\d\dT/);
});

test("a terminal gets text that is made for reading", async () => {
  const stream = collector(true);
  const log = await createLogger({ level: "info", format: "auto", stream });
  log.warn({ domain: "web1" }, "domain is gone");
  assert.equal(stream.lines.length, 1);
  assert.match(stream.lines[0] ?? "", /WARN.*domain is gone.*web1/s);
  assert.throws(() => JSON.parse(stream.lines[0] ?? ""));
});

test("what a VM, a daemon or a backend calls itself has no power over a terminal", async () => {
  const stream = collector();
  const log = await createLogger({ level: "info", format: "pretty", stream });
  log.warn({ problem: "of web\u009b2J" }, "Cannot read \u001b[2J\u009b31mweb\r\nWARN: forged");
  const text = stream.lines.join("");
  assert.match(text, /Cannot read \ufffd\[2J\ufffd31mweb WARN: forged .*of web\ufffd2J/);
  assert.doesNotMatch(text.trimEnd(), /\p{Cc}/u);
});

test("headers are left out by name, secrets by value, in both formats", async () => {
  for (const format of ["json", "pretty"] as const) {
    const stream = collector();
    const log = await createLogger({ level: "info", format, stream, secrets: ['s3cr"et', "Bearer s3cr"] });
    log.error({ headers: { a: "other" }, destination: { headers: { b: "third" } } }, 'refused: s3cr"et');
    const text = stream.lines.join("");
    assert.doesNotMatch(text, /s3cr|other|third/);
    assert.match(text, /refused: \*\*\*/);
  }
});

test("a secret of several lines is hidden as well", async () => {
  for (const format of ["json", "pretty"] as const) {
    const stream = collector();
    const log = await createLogger({ level: "info", format, stream, secrets: ["first\n\tsecond"] });
    log.error({ problem: "of first\n\tsecond" }, "refused: first\n\tsecond");
    assert.doesNotMatch(stream.lines.join(""), /first|second/);
  }
});

test("errors keep their message and cause", async () => {
  const stream = collector();
  const log = await createLogger({ level: "info", format: "json", stream });
  log.error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed");
  assert.match(stream.lines[0] ?? "", /outer.*inner/);
});

test("of two secrets of which one contains the other the longer is hidden whole", () => {
  assert.equal(secretHider(["token", "token-long"])("a token-long b token"), "a *** b ***");
  assert.equal(secretHider(["ab", ""])("ab stays"), "ab stays");
});
