/** Every value of the host, beside what node_exporter and a few lines of shell say before and after. */
import assert from "node:assert/strict";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../../src/clock.ts";
import { HOST_ROWS } from "../../src/metrics/definitions.ts";
import { HostMeter } from "../../src/metrics/host-meter.ts";
import type { MetricPoints } from "../../src/metrics/points.ts";
import { hostReaders } from "../../src/readings/host-scopes.ts";
import { HostSource } from "../../src/readings/host-source.ts";
import { type NodeExporter, startNodeExporter } from "./bed/node-exporter.ts";
import { run } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { askShell, EXPECTATIONS, type Snapshot } from "./host-expectations.ts";

after(takeDownOwned);

/** Free memory and the like go up and down, also between two looks; in so many attempts they must stand still once. */
const ATTEMPTS = 30;
/** node_exporter counts seconds in doubles that it adds up and divides otherwise. */
const ROUNDING = 1e-9;

/** Its value is a change over time: see the test of it. */
const CHANGES = new Set(["system.cpu.utilization"]);

function createHost() {
  const source = new HostSource({
    procfs: "/proc",
    sysfs: "/sys",
    readers: hostReaders({ taps: false }),
    intervalsMs: { block: 0, filesystems: 0, topology: 0 },
    clock: systemClock,
    onAbsent: () => undefined,
    onContainer: () => undefined,
  });
  const meter = new HostMeter({ rows: HOST_ROWS });
  return {
    async read(): Promise<readonly MetricPoints[]> {
      const reading = await source.read(new AbortController().signal);
      assert.deepEqual(reading.problems, []);
      return meter.update(reading).metrics;
    },
  };
}

async function look(exporter: NodeExporter): Promise<Snapshot> {
  return { samples: await exporter.scrape(), shell: askShell() };
}

/** The points that nobody else confirms, with what each says. */
function differences(
  metrics: readonly MetricPoints[],
  { before, after }: { readonly before: Snapshot; readonly after: Snapshot },
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { metric, points } of metrics) {
    if (CHANGES.has(metric.name)) continue;
    const expectation = EXPECTATIONS[metric.name];
    for (const point of points) {
      const { attributes } = point.series;
      const key = `${metric.name} ${JSON.stringify(attributes)}`;
      const [first, last] = [before, after].map((at) => expectation?.(attributes, at));
      const value = "value" in point ? Number(point.value) : Number.NaN;
      if (first === undefined || last === undefined) {
        found.set(key, `${value}, and nobody else has it`);
        continue;
      }
      const slack = ROUNDING * Math.abs(value);
      const isBetween = value >= Math.min(first, last) - slack && value <= Math.max(first, last) + slack;
      if (!isBetween) found.set(key, `${value} is not between ${first} and ${last}`);
    }
  }
  return found;
}

test(
  "every value is what others say before, after or in between",
  { skip: await skipWithout("node-exporter"), timeout: 120_000 },
  async (t) => {
    const exporter = await startNodeExporter();
    t.after(() => exporter.stop());
    const host = createHost();
    await host.read();
    const confirmed = new Set<string>();
    const told = new Set<string>();
    let open: ReadonlyMap<string, string> = new Map();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = await look(exporter);
      const metrics = await host.read();
      const seen = differences(metrics, { before, after: await look(exporter) });
      for (const { metric, points } of metrics) {
        for (const { series } of points) {
          const key = `${metric.name} ${JSON.stringify(series.attributes)}`;
          told.add(key);
          if (!seen.has(key)) confirmed.add(key);
        }
      }
      open = new Map([...seen].filter(([key]) => !confirmed.has(key)));
      if (open.size === 0) break;
    }
    assert.deepEqual([...open], []);
    t.diagnostic(
      `${confirmed.size} values of ${new Set([...told].map((key) => key.split(" ")[0])).size} metrics`,
    );
  },
);

test(
  "nothing is missing that this machine has",
  { skip: await skipWithout("node-exporter"), timeout: 60_000 },
  async (t) => {
    const exporter = await startNodeExporter();
    t.after(() => exporter.stop());
    const host = createHost();
    await host.read();
    await sleep(200);
    const metrics = await host.read();
    const { samples, shell } = await look(exporter);
    const ours = (name: string, attribute: string) =>
      new Set(
        metrics
          .filter(({ metric }) => metric.name === name)
          .flatMap(({ points }) => points.map(({ series }) => String(series.attributes[attribute]))),
      );
    const theirs = (name: string, label: string) =>
      new Set(samples.filter((sample) => sample.name === name).map(({ labels }) => labels[label]));
    const tap = /^(?:vnet|macvtap)\d+$/;
    assert.deepEqual(ours("system.cpu.time", "cpu.logical_number"), theirs("node_cpu_seconds_total", "cpu"));
    assert.deepEqual(
      ours("system.network.io", "network.interface.name"),
      new Set(
        [...theirs("node_network_receive_bytes_total", "device")].filter((name) => !tap.test(name ?? "")),
      ),
    );
    assert.deepEqual(
      ours("system.disk.io", "system.device"),
      new Set(
        [...theirs("node_disk_read_bytes_total", "device")].filter(
          (name) => !/^(?:loop|z?ram)/.test(name ?? ""),
        ),
      ),
    );
    // What a kernel may be without: there exactly when others see it.
    const optional: readonly (readonly [RegExp, boolean])[] = [
      [/^linux\.scheduler\./, shell.get("schedstat") !== ""],
      [/^system\.irq\./, /^irq /m.test(shell.get("pressure") ?? "")],
      [/^linux\.kvm\./, shell.get("kvm") !== ""],
    ];
    const names = new Set(metrics.map(({ metric }) => metric.name));
    for (const { name } of HOST_ROWS) {
      const isThere = optional.find(([pattern]) => pattern.test(name))?.[1] ?? true;
      const isPoolless =
        name.endsWith("hugepages.utilization") && !/ nr [1-9]/.test(shell.get("hugepages") ?? "");
      assert.equal(names.has(name), isThere && !isPoolless, name);
    }
  },
);

test(
  "the share of CPU time is the change of node_exporter's seconds",
  { skip: await skipWithout("node-exporter"), timeout: 60_000 },
  async (t) => {
    const exporter = await startNodeExporter();
    t.after(() => exporter.stop());
    const host = createHost();
    const modes = async () => {
      const samples = await exporter.scrape();
      const sums = new Map<string, number>();
      for (const { name, labels, value } of samples) {
        const { mode = "" } = labels;
        if (name === "node_cpu_seconds_total") sums.set(mode, (sums.get(mode) ?? 0) + value);
      }
      return sums;
    };
    await host.read();
    const first = await modes();
    await sleep(3000);
    const points = (await host.read()).find(({ metric }) => metric.name === "system.cpu.utilization")?.points;
    const last = await modes();
    assert.equal(points?.length, 8);
    const change = new Map(Array.from(last, ([mode, value]) => [mode, value - (first.get(mode) ?? 0)]));
    const all = [...change.values()].reduce((total, value) => total + value, 0);
    for (const point of points) {
      const mode = String(point.series.attributes["cpu.mode"]);
      const theirs = (change.get(mode === "interrupt" ? "irq" : mode) ?? Number.NaN) / all;
      const ours = "value" in point ? Number(point.value) : Number.NaN;
      assert.ok(Math.abs(ours - theirs) < 0.05, `${mode}: ${ours} and ${theirs}`);
    }
  },
);

/** What is read in a PID and a network namespace of their own, with the host's /proc under another path. */
async function inNamespaces(procfs: "/proc" | "host"): Promise<{ interfaces: string[]; notes: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-procfs-"));
  try {
    const script = join(import.meta.dirname, "host-in-namespaces.ts");
    const lines = [
      `mount --rbind /proc ${directory}`,
      "mount -t proc proc /proc",
      `exec ${process.execPath} ${script} ${procfs === "host" ? directory : procfs} /sys`,
    ];
    const isolated = ["--pid", "--net", "--mount", "--propagation", "private", "--fork"];
    const output = await run("unshare", [...isolated, "sh", "-c", lines.join(" && ")]);
    return JSON.parse(output) as { interfaces: string[]; notes: string[] };
  } finally {
    await rmdir(directory);
  }
}

test(
  "in namespaces of its own it says that it sees the container, and sees the host through the host's /proc",
  { skip: process.getuid?.() === 0 ? false : "namespaces need root", timeout: 60_000 },
  async () => {
    const outside = await run("awk", ["-F:", 'NR > 2 { gsub(/ /, ""); print $1 }', "/proc/1/net/dev"]);
    const hosts = outside.split("\n").filter((name) => name !== "" && !/^(?:vnet|macvtap)\d+$/.test(name));
    const [own, mounted] = [await inNamespaces("/proc"), await inNamespaces("host")];
    assert.notDeepEqual(own.interfaces, hosts);
    assert.equal(own.notes.length, 1);
    assert.match(
      own.notes[0] ?? "",
      /through \/proc: current value is the \/proc of a container\..*--procfs \/host\/proc/,
    );
    assert.deepEqual(mounted.interfaces, hosts);
    // In a bed that is itself in a namespace, the /proc outside is a container's, too; but not that of the agent.
    assert.deepEqual(mounted.notes, []);
  },
);
