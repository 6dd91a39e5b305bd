import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { loadCommand } from "../../src/cli/help.ts";
import { startSimulator, type Simulator } from "../../src/simulator/index.ts";
import { collectingContext } from "./context.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-once-"));
let simulator: Simulator;

before(async () => {
  simulator = await startSimulator({ socketPath: join(directory, "s.sock"), domains: 3 });
});
after(async () => {
  await simulator.stop();
  rmSync(directory, { recursive: true });
});

async function once(...args: string[]): Promise<string> {
  const { texts, context } = collectingContext();
  const command = await loadCommand("once");
  assert.equal(await command.run(["--connect", simulator.uri, ...args], context), 0);
  assert.equal(texts.stderr, "");
  return texts.stdout;
}

// Each takes its second between two readings; together they take one.
describe("once", { concurrency: true }, () => {
  it("a table has a row for each domain, in the order of their names", async () => {
    const [titles = "", ...rows] = (await once()).split("\n");
    assert.match(titles, /^DOMAIN +STATE +UPTIME +VCPUS +CPU +MEMORY/);
    assert.deepEqual(
      rows.slice(0, 3).map((row) => row.split(" ", 1)[0]),
      ["vm-0", "vm-1", "vm-2"],
    );
    assert.match(rows[0] ?? "", /^vm-0 +\w+ .* \d+\.\d % .* [KMG]iB /);
  });

  it("a terminal that does not know how wide it is gets whole lines", async () => {
    const { texts, context } = collectingContext({ size: { columns: 0, rows: 0 } });
    const command = await loadCommand("once");
    assert.equal(await command.run(["--connect", simulator.uri], context), 0);
    assert.match(texts.stdout, /^DOMAIN +STATE +UPTIME .*\nvm-0 +\w+ .* [KMG]iB /);
  });

  it("--domain shows every value of one domain, by name or by uuid", async () => {
    const uuid = simulator.domains().find(({ name }) => name === "vm-1")?.uuid ?? "";
    const [byName, byUuid] = await Promise.all([once("--domain", "vm-1"), once("--domain", uuid)]);
    assert.match(byName, new RegExp(`^libvirt\\.domain\\.uuid: ${uuid}$`, "m"));
    assert.match(byName, /^libvirt\.domain\.cpu\.utilization /m);
    assert.match(
      byName,
      /^libvirt\.domain\.disk\.io +system\.device=\w+ disk\.io\.direction=read +\S+ \w+$/m,
    );
    assert.doesNotMatch(byName, /vm-0/);
    assert.match(byUuid, /^libvirt\.domain\.name: vm-1$/m);
  });

  it("--domain refuses a name that no domain has", async () => {
    await assert.rejects(once("--domain", "vm"), { code: "USAGE", message: /none is called "vm"/ });
  });

  it("a signal ends it without a word", async () => {
    const { texts, context } = collectingContext({ signal: AbortSignal.timeout(300) });
    const command = await loadCommand("once");
    assert.equal(await command.run(["--connect", simulator.uri], context), 1);
    assert.deepEqual(texts, { stdout: "", stderr: "" });
  });

  it("json is an array with an object for each resource", async () => {
    const resources = JSON.parse(await once("--format", "json")) as {
      resource: Record<string, string>;
      metrics: Record<string, { kind: string; unit: string; points: { time: string }[] }>;
    }[];
    const names = new Set(resources.map(({ resource }) => resource["libvirt.domain.name"]));
    assert.deepEqual(names, new Set(["vm-0", "vm-1", "vm-2", undefined]));
    assert.ok(resources.at(-1)?.metrics["system.memory.limit"], "and one for the host");
    const time = resources[0]?.metrics["libvirt.domain.cpu.time"];
    assert.equal(time?.kind, "counter");
    assert.equal(time.unit, "s");
    assert.match(time.points[0]?.time ?? "", /^\d{19}$/);
  });

  it("otlp-json is an OTLP request in JSON, of one domain when one is asked for", async () => {
    const { resourceMetrics } = JSON.parse(await once("--format", "otlp-json", "--domain", "vm-2")) as {
      resourceMetrics: { scopeMetrics: { scope: { name: string }; metrics: unknown[] }[] }[];
    };
    assert.equal(resourceMetrics.length, 1);
    assert.equal(resourceMetrics[0]?.scopeMetrics[0]?.scope.name, "kvmeter");
    assert.ok((resourceMetrics[0]?.scopeMetrics[0]?.metrics.length ?? 0) > 20);
  });
});
