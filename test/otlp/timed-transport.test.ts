import assert from "node:assert/strict";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import { add } from "../../src/integer.ts";
import type { ExportOutcome, OtlpTransport } from "../../src/otlp/destination.ts";
import { TimedTransport } from "../../src/otlp/timed-transport.ts";
import { request } from "./servers.ts";

/** A transport whose requests end when they are told to. */
class ScriptedTransport implements OtlpTransport {
  readonly answers: ((outcome: ExportOutcome) => void)[] = [];
  closed = false;

  export(): Promise<ExportOutcome> {
    return new Promise((resolve) => this.answers.push(resolve));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const error = new KvmeterError("OTLP_UNAVAILABLE", "later");

const outcomes: readonly { outcome: ExportOutcome; errorType: string }[] = [
  { outcome: { status: "accepted", rejectedPoints: 0, message: "" }, errorType: "" },
  { outcome: { status: "accepted", rejectedPoints: 2, message: "no" }, errorType: "rejected" },
  { outcome: { status: "retry", retryAfterMs: undefined, error }, errorType: "OTLP_UNAVAILABLE" },
  { outcome: { status: "refused", error: new TypeError("x") }, errorType: "TypeError" },
];

for (const { outcome, errorType } of outcomes) {
  test(`a request with outcome ${outcome.status} is timed under "${errorType}"`, async () => {
    const scripted = new ScriptedTransport();
    const transport = new TimedTransport(scripted);
    const exporting = transport.export(request);
    assert.equal(transport.durations.size, 0);
    scripted.answers[0]?.(outcome);
    assert.equal(await exporting, outcome);
    assert.deepEqual([...transport.durations.keys()], [errorType]);
    const counts = transport.durations.get(errorType)?.counts ?? [];
    assert.equal(
      counts.reduce((sum, count) => add(sum, count), 0),
      1,
    );
  });
}

test("closing closes what is behind", async () => {
  const scripted = new ScriptedTransport();
  await new TimedTransport(scripted).close();
  assert.ok(scripted.closed);
});
