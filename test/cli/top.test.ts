import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { loadCommand } from "../../src/cli/help.ts";
import { startSimulator, type Simulator } from "../../src/simulator/index.ts";
import { COLUMNS } from "../../src/top/columns.ts";
import { collectingContext } from "./context.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-top-"));
const TREE = new URL("../fixtures/host/linux-6.12", import.meta.url).pathname;
let simulator: Simulator;

before(async () => {
  simulator = await startSimulator({ socketPath: join(directory, "s.sock"), domains: 5 });
});
after(async () => {
  await simulator.stop();
  rmSync(directory, { recursive: true });
});

async function top(
  args: readonly string[],
  uri = simulator.uri,
  options: Parameters<typeof collectingContext>[0] = {},
) {
  const { texts, context } = collectingContext(options);
  const command = await loadCommand("top");
  const code = await command.run(["--connect", uri, "--interval", "300ms", ...args], context);
  return { code, ...texts };
}

/** Lines of CSV as objects; the simulated names hold no comma. */
function rowsOf(csv: string): Record<string, string>[] {
  const [titles = "", ...lines] = csv.trimEnd().split("\n");
  return lines.map((line) =>
    Object.fromEntries(titles.split(",").map((title, at) => [title, line.split(",")[at] ?? ""])),
  );
}

describe("top", { concurrency: true }, () => {
  it("a batch prints so many tables, each with a head, titles and a row for each VM", async () => {
    const { code, stdout, stderr } = await top(["--batch", "-n", "2"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.equal(stdout.match(/^kvmeter top {2}\d\d:\d\d:\d\d {2}every 300ms {2}5 VMs$/gm)?.length, 2);
    assert.equal(stdout.match(/^ NAME .* HEALTH$/gm)?.length, 2);
    assert.equal(stdout.match(/^ vm-\d +(run|pause) +\d+ +\d+\.\d /gm)?.length, 10);
    assert.ok(!stdout.includes("\u001b"));
  });

  it("a batch has all columns on a terminal that does not know how wide it is", async () => {
    const { stdout } = await top(["-n", "1"], simulator.uri, { size: { columns: 0, rows: 0 } });
    assert.match(stdout, /^kvmeter top .* 5 VMs\n.*\n NAME .* LATms .* HEALTH$/m);
  });

  it("the head has the machine's own figures where the hypervisor is on it", async () => {
    const { stdout, stderr } = await top(["-n", "1", "--procfs", `${TREE}/proc`]);
    assert.equal(stderr, "");
    // Nothing goes on in a folder: of its CPUs no share is known.
    assert.match(stdout, / CPU 64 {2}MEM 22\.7G of 62.8G {2}PSI% cpu 1\.5 mem 1\.5 io 1\.5 {2}vCPU \d+ /);
    const { stdout: real } = await top(["-n", "1"]);
    assert.match(real, / CPU \d+\.\d% of 64 {2}MEM \S+ of \S+ {2}/);
  });

  it("CSV has every column, numbers in base units, and rates from the first line on", async () => {
    const { code, stdout } = await top(["--csv", "-n", "1", "--sort", "name"]);
    assert.equal(code, 0);
    const rows = rowsOf(stdout);
    assert.deepEqual(Object.keys(rows[0] ?? {}), ["time", "uuid", ...COLUMNS.map(({ id }) => id)]);
    assert.deepEqual(
      rows.map(({ name }) => name),
      ["vm-0", "vm-1", "vm-2", "vm-3", "vm-4"],
    );
    for (const row of rows) {
      const cpu = Number(row["cpu_ratio"]);
      assert.ok(row["state"] === "run" ? cpu > 0 && cpu < 2 : cpu === 0, `${row["name"]}: ${cpu}`);
      assert.ok(Number(row["memory_used_bytes"]) <= Number(row["memory_limit_bytes"]));
      assert.ok(row["disk_read_bytes_per_second"] !== "");
      assert.match(row["time"] ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
  });

  it("filters and sorts as it is told, the other way round too", async () => {
    const wanted = ["--csv", "-n", "1", "--filter", "vm-1 run"];
    assert.deepEqual(
      rowsOf((await top(wanted)).stdout).map(({ name }) => name),
      ["vm-1"],
    );
    const rows = rowsOf((await top(["--csv", "-n", "1", "--sort", "mem", "--reverse"])).stdout);
    const used = rows.map((row) => Number(row["memory_used_bytes"]));
    assert.deepEqual(
      used,
      used.toSorted((a, b) => a - b),
    );
  });

  it("a hypervisor that is not there is told, and is a failure", async () => {
    const { code, stdout, stderr } = await top(["-n", "1"], `qemu+unix:///system?socket=${directory}/none`);
    assert.equal(code, 1);
    assert.match(stdout, /AWAY/);
    assert.match(stdout, /^! Cannot connect to libvirt: no socket at /m);
    assert.match(stderr, /source has a problem/);
  });

  it("refuses columns, formats and counts that there are not", async () => {
    await assert.rejects(top(["--sort", "weight"]), {
      code: "USAGE",
      message: /--sort must be one of name, host/,
    });
    await assert.rejects(top(["--format", "xml"]), {
      code: "USAGE",
      message: /--format must be one of table, csv/,
    });
    await assert.rejects(top(["-n", "0"]), {
      code: "USAGE",
      message: /--count must be a whole number from 1/,
    });
  });
});
