import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { run } from "../../src/cli/demo.ts";
import { collectingContext } from "./context.ts";

// A folder for temporary files that no other test's demo uses meanwhile.
const temporary = mkdtempSync(join(tmpdir(), "kvmeter-test-"));
process.env["TMPDIR"] = temporary;
after(() => rmSync(temporary, { recursive: true }));

test("what the simulated hypervisor has arrives at the receiver, and nothing stays behind", async () => {
  const { texts, context } = collectingContext();
  const code = await run(["--domains", "3", "--interval", "400ms", "--duration", "1500ms"], context);
  assert.equal(code, 0, texts.stderr);
  assert.match(
    texts.stdout,
    /^\d\d:\d\d:\d\d vm-0 {2}running cpu \d+\.\d % memory .* of .* disk read .*\/s written .*\/s network in/m,
  );
  assert.match(
    texts.stdout,
    /^In 1\.\d\d s [2-4] cycles have arrived over OTLP\/gRPC: \d+ points in [2-4] requests, .*\.$/m,
  );
  assert.match(texts.stdout, /^3 domains were seen; 0 of them came and 0 went in that time\.$/m);
  assert.deepEqual(readdirSync(temporary), []);
});

test("a dumb terminal gets lines: it has no cursor to move", async () => {
  for (const [TERM, isScreen] of [
    ["dumb", false],
    ["vt100", true],
  ] as const) {
    const { texts, context } = collectingContext({ env: { TERM }, size: { columns: 80, rows: 24 } });
    assert.equal(await run(["--domains", "1", "--interval", "400ms", "--duration", "1s"], context), 0);
    assert.equal(texts.stdout.includes("\u001b"), isScreen, TERM);
  }
});

test("nothing arrived is a failure", async () => {
  const { texts, context } = collectingContext({ signal: AbortSignal.abort() });
  assert.equal(await run([], context), 1);
  assert.equal(texts.stdout, "Nothing has arrived at the receiver.\n");
});
