import assert from "node:assert/strict";
import { test } from "node:test";

import { type Codec, compress, decompress } from "../../src/otlp/compression.ts";

for (const codec of ["none", "gzip", "zstd"] satisfies Codec[]) {
  for (const length of [0, 1, 300_000, 3_000_000]) {
    test(`${codec} gives back ${length} bytes, and no more than it may`, async () => {
      const body = Buffer.from(Array.from({ length }, (_, at) => (at * at) >> 7));
      const travelling = await compress(body, codec);
      assert.deepEqual(Buffer.from(await decompress(travelling, codec, length + 1)), body);
      if (codec === "none" || length < 300_000) return;
      assert.ok(travelling.length < length, `${travelling.length} bytes`);
      await assert.rejects(decompress(travelling, codec, length - 1), { code: "ERR_BUFFER_TOO_LARGE" });
    });
  }
}

test("what is large is compressed beside the event loop", async () => {
  let turns = 0;
  const count = setInterval(() => (turns += 1));
  await compress(Buffer.alloc(64 * 1024 * 1024), "gzip");
  clearInterval(count);
  assert.ok(turns > 0);
});
