/** 5,000 domains into a real Collector as one gets it: by gRPC, with messages of 4 MiB at the most. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startReceiver } from "../../src/receiver/receiver.ts";
import { startCollector } from "./bed/collector.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { startKvmeter, withConfiguration } from "./kvmeter.ts";

after(takeDownOwned);

const DOMAINS = 5000;
const DEFAULT_LIMIT_BYTES = 4 * 2 ** 20;
const CYCLES = 2;

/** Of a domain in a cycle; the smallest simulated ones have more. */
const LEAST_POINTS = 40;

/** The receiver's own limit instead of the example's; nothing is written to disk. */
function asDelivered(example: string): string {
  const changed = example
    .replace(/^ *max_recv_msg_size_mib: .*\n/m, "")
    .replaceAll("exporters: [file, debug]", "exporters: [debug]");
  assert.ok(!changed.includes("max_recv_msg_size") && !changed.includes("[file"), "the example has changed");
  return changed;
}

/** The sum of one of the collector's own counters over everything that it is told by. */
function counted(text: string, name: string): number {
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

test(
  "a Collector with its default limit takes cycles of 5,000 domains whole",
  { skip: await skipWithout("collector"), timeout: 240_000 },
  async (t) => {
    const collector = await startCollector({}, asDelivered);
    const own = async (name: string): Promise<number> =>
      counted(await (await fetch(collector.ownMetricsUrl)).text(), name);
    // A second destination with the same limit tells what should have come.
    const requests: { readonly points: number; readonly bytes: number }[] = [];
    const domains = new Set<unknown>();
    const beside = await startReceiver({
      protocol: "grpc",
      onMetrics: (resources, { bytes }) => {
        for (const { attributes } of resources) domains.add(attributes["libvirt.domain.uuid"]);
        const metrics = resources.flatMap((resource) => resource.metrics);
        requests.push({ bytes, points: metrics.reduce((sum, { points }) => sum + points.length, 0) });
      },
    });
    t.after(() => beside.close());
    const expected = (): number => requests.reduce((sum, { points }) => sum + points, 0);
    const complete = async () => {
      const [before, accepted] = [expected(), await own("otelcol_receiver_accepted_metric_points")];
      await sleep(1000);
      return before > CYCLES * DOMAINS * LEAST_POINTS && before === expected() && accepted === before;
    };
    const yaml = (socket: string): string => `
libvirt: [{ uri: "qemu+unix:///system?socket=${socket}", timeout: 30s }]
interval: 45s
log: { format: json }
export:
  - { preset: collector, endpoint: "http://${collector.grpcEndpoint}" }
  - { preset: collector, endpoint: "${beside.endpoint}" }
`;
    const socket = `/run/kvmeter-large-${process.pid}.sock`;
    const hypervisor = startKvmeter(["simulate", "--domains", String(DOMAINS), "--socket", socket]);
    t.after(() => hypervisor.stop());
    await waitFor(async () => existsSync(socket), { what: "the simulated hypervisor" });
    await withConfiguration(yaml(socket), async (file) => {
      const agent = startKvmeter(["run", "-c", file]);
      t.after(() => agent.process.kill("SIGKILL"));
      await waitFor(complete, { what: "the cycles to arrive", timeoutMs: 180_000, everyMs: 500 }).catch(
        (error: Error) => {
          throw new Error(`${error.message}; ${expected()} points came; ${agent.log()}`, { cause: error });
        },
      );
      const { code, stderr } = await agent.stop();
      assert.equal(code, 0, stderr);
      const warnings = stderr.split("\n").filter((line) => /"level":"warn".*"destination"/.test(line));
      assert.deepEqual(warnings, []);
    });
    const largest = Math.max(...requests.map(({ bytes }) => bytes));
    const accepted = await own("otelcol_receiver_accepted_metric_points");
    t.diagnostic(`${accepted} points in ${requests.length} requests of up to ${largest} bytes`);
    assert.equal(accepted, expected());
    assert.equal(await own("otelcol_receiver_refused_metric_points"), 0);
    assert.equal(await own("otelcol_receiver_failed_metric_points"), 0);
    // The agent's own resource has none, which makes one more.
    assert.ok(domains.size >= DOMAINS + 1, `${domains.size}`);
    assert.ok(accepted > CYCLES * DOMAINS * LEAST_POINTS, `${accepted} points`);
    assert.ok(requests.length > 2 * CYCLES && largest < DEFAULT_LIMIT_BYTES, `${largest} bytes`);
  },
);
