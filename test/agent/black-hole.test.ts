/** One hypervisor of three that takes connections and never says a word: the others are read as if it were not there. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { runAgent } from "../../src/agent.ts";
import { type ReceivedResource, startReceiver } from "../../src/receiver/receiver.ts";
import { collectorAt, configurationOf } from "../configuration.ts";
import { collectLog } from "../logged.ts";
import { simulated } from "../simulated.ts";

const CYCLES = 8;

async function blackHole(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-"));
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on("error", () => undefined)));
  server.listen(join(folder, "sock"));
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return `qemu+unix:///system?socket=${join(folder, "sock")}`;
}

/** Every number that was told of a metric, in order, with its attributes and its resource's. */
function told(received: readonly ReceivedResource[], metric: string) {
  return received.flatMap(({ attributes: resource, metrics }) =>
    metrics
      .filter(({ name }) => name === metric)
      .flatMap(({ points }) =>
        points.map(({ attributes, value }) => ({ resource, attributes, value: Number(value) })),
      ),
  );
}

test("one hypervisor of three is a black hole: the others have every cycle, and none is skipped", async (t) => {
  const first = await simulated(t, { domains: 3 });
  const second = await simulated(t, { domains: 3, seed: 2 });
  const dark = await blackHole(t);
  const received: ReceivedResource[] = [];
  const stop = new AbortController();
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    onMetrics(resources) {
      received.push(...resources);
      if (told(received, "kvmeter.cycles.skipped").length >= CYCLES) stop.abort();
    },
  });
  t.after(() => receiver.close());
  const { log, lines } = collectLog();
  const configuration = configurationOf({
    libvirt: [first.uri, dark, second.uri].map((uri) => ({ uri, timeoutMs: 500 })),
    intervalMs: 1000,
    destinations: [collectorAt(receiver.endpoint)],
  });
  await runAgent(configuration, { log, signal: stop.signal });

  const skipped = told(received, "kvmeter.cycles.skipped").map(({ value }) => value);
  assert.deepEqual(
    skipped,
    Array.from(skipped, () => 0),
  );
  const states = told(received, "kvmeter.source.status").filter(({ value }) => value === 1);
  for (const [uri, state] of [
    [first.uri, "ok"],
    [dark, "failed"],
    [second.uri, "ok"],
  ]) {
    const own = states.filter(({ attributes }) => attributes["kvmeter.source"] === uri);
    assert.equal(own.length, skipped.length, uri);
    assert.ok(own.every(({ attributes }) => attributes["kvmeter.source.state"] === state));
  }
  const statuses = told(received, "libvirt.domain.status").filter(({ value }) => value === 1);
  for (const { uuid } of [...first.domains(), ...second.domains()]) {
    const own = statuses.filter(({ resource }) => resource["libvirt.domain.uuid"] === uuid);
    assert.equal(own.length, skipped.length, uuid);
  }
  const warned = lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["source"]);
  assert.deepEqual([...new Set(warned)], [dark]);
});
