/**
 * An agent's delivery in small, to be killed: appends numbered cycles and sends them, and says on its standard output
 * which of them are stored. Arguments: state directory, endpoint, the number of the first cycle, how many cycles.
 */
import { writeSync } from "node:fs";

import { openStateDirectory } from "../../../src/otlp/queue/open.ts";
import { createQueuedDestination } from "../../../src/otlp/queued-destination.ts";
import { numbered, WIDE } from "./requests.ts";

const [directory = "", endpoint = "", first = "0", count = "0"] = process.argv.slice(2);

function say(words: string): void {
  writeSync(1, `${words}\n`);
}

const log = {
  info: () => {},
  warn: (_fields: unknown, message: string) => say(`warn ${message}`),
};
const store = openStateDirectory(directory, { log });
say(`state ${store.keyValue.get("last")?.toString() ?? "0"}`);
const queue = store.queue("d", WIDE);
const destination = createQueuedDestination({
  protocol: "http/protobuf",
  endpoint,
  headers: {},
  compression: "gzip",
  timeoutMs: 1000,
  requestLimitBytes: 1e6,
  tls: {},
  log,
  queue,
  order: "oldest-first",
  backoff: { firstMs: 1, limitMs: 5 },
});
for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
  destination.deliver([numbered(number, 200 + ((number * 613) % 30_000))]);
  store.keyValue.put("last", Buffer.from(String(number)));
  await queue.settled();
  say(`stored ${number}`);
}
while (destination.counts.queuedBatches > 0) await new Promise((resolve) => setTimeout(resolve, 5));
await destination.close(1000);
await store.close();
say("done");
