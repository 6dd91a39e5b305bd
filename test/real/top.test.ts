import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";

import { startSimulator } from "../../src/simulator/index.ts";
import { shownAs } from "../../src/top/quantities.ts";
import { kvmeterCommand } from "../program.ts";
import {
  bootGuests,
  destroyDomain,
  pausedDomains,
  qemuPid,
  type TestDomain,
  waitUntilBooted,
} from "./bed/guests.ts";
import { startHostLibvirtd } from "./bed/libvirtd.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { openTerminal, type Terminal } from "./bed/tmux.ts";
import { readOnlyUri, runKvmeter } from "./kvmeter.ts";
import { betweenVirsh, COMPARED, shown, type Shown, total } from "./top-rates.ts";

after(takeDownOwned);

const KVMETER = kvmeterCommand.join(" ");
const TOP = `${KVMETER} top --interval 1s`;

async function assertGivenBack(terminal: Terminal, how: string): Promise<void> {
  await terminal.waitFor(/ended with \d+/, `the shell after ${how}`, 15_000);
  assert.equal(await terminal.value("alternate_on"), "0", `the first screen after ${how}`);
  assert.equal(await terminal.value("cursor_flag"), "1", `the cursor after ${how}`);
  await terminal.type("stty -a");
  const modes = await terminal.waitFor(/iexten/, "the terminal's modes");
  assert.match(modes, /[^-]icanon/, `canonical mode after ${how}`);
  assert.match(modes, /[^-]echo /, `echo after ${how}`);
  assert.match(modes, /before it/, `what was there before it, after ${how}`);
}

async function openedTerminal(
  t: TestContext,
  options: Parameters<typeof openTerminal>[0] = {},
): Promise<Terminal> {
  const terminal = await openTerminal(options);
  t.after(() => terminal.close());
  return terminal;
}

test(
  "top on real guests",
  { skip: await skipWithout("libvirtd", "guests", "tmux"), timeout: 400_000 },
  async (t) => {
    const daemon = await startHostLibvirtd();
    t.after(() => daemon.stop());
    const guests = await bootGuests(daemon, 2);
    const [paused] = await pausedDomains(daemon, 1, { disks: 1, nics: 1, vcpus: 2 });
    await waitUntilBooted(daemon, guests);
    const [first, second] = guests as [TestDomain, TestDomain];
    const top = `${TOP} --connect '${readOnlyUri(daemon)}'`;

    await t.test(
      "rates lie between what virsh domstats grew by inside and outside of the two readings",
      async (t) => {
        const { model, outerBegin, innerBegin, innerEnd, outerEnd } = await betweenVirsh(daemon, 8);
        const [shortestS, longestS] = [
          (innerEnd.ms - innerBegin.ms) / 1000,
          (outerEnd.ms - outerBegin.ms) / 1000,
        ];
        let busy = 0;
        for (const { name } of guests) {
          const row = model.domains.find((domain) => domain.name === name);
          assert.ok(row, name);
          for (const { figure, fields, unit, per } of COMPARED) {
            const at = ({ domains }: Shown) =>
              (total(domains.get(name), fields) * unit) / (per?.(row.whole) ?? 1);
            const least = (at(innerEnd) - at(innerBegin)) / longestS;
            const most = (at(outerEnd) - at(outerBegin)) / shortestS;
            const value = row.whole.figure(figure);
            assert.ok(value !== undefined, `${name} ${figure} is told`);
            const says = `${name} ${figure}: ${least} <= ${value} <= ${most}`;
            // Wall time has steps of a millisecond.
            assert.ok(value >= least * 0.999 && value <= most * 1.001, says);
            if (value > 0) busy += 1;
            t.diagnostic(says);
          }
          const [before, after] = [outerBegin, outerEnd].map(({ domains }) => domains.get(name));
          assert.equal(row.whole.figure("memoryLimit"), Number(after?.get("balloon.maximum")) * 1024);
          assert.equal(row.whole.figure("balloon"), Number(after?.get("balloon.current")) * 1024);
          const rss = [before, after].map((fields) => Number(fields?.get("balloon.rss")) * 1024);
          const slackBytes = 1_048_576;
          const told = row.whole.figure("rss") ?? 0;
          assert.ok(told >= Math.min(...rss) - slackBytes && told <= Math.max(...rss) + slackBytes);
        }
        assert.ok(busy > COMPARED.length, `${busy} rates are above 0`);
      },
    );

    await t.test("CSV of the command has a line for each domain and sample", async () => {
      const args = ["top", "--connect", readOnlyUri(daemon), "--csv", "-n", "2", "--interval", "1s"];
      const before = await shown(daemon);
      const { code, stdout, stderr } = await runKvmeter(args);
      const after = await shown(daemon);
      assert.equal(stderr, "");
      assert.equal(code, 0);
      assert.equal(stdout.trimEnd().split("\n").length, 1 + 2 * 3);
      assert.ok(paused);
      const { name, uuid } = paused;
      const lines = [...stdout.matchAll(new RegExp(`^[^,]+,${uuid},.*,pause,2,([\\de.-]+),`, "gm"))];
      assert.equal(lines.length, 2);
      // Its QEMU has nothing to do but to answer libvirt. An interval is not much shorter than its second.
      const leastS = lines.reduce((sum, [, ratio]) => sum + Number(ratio) * 2 * 0.9, 0);
      const [grownFromS = 0, grownToS = 0] = [before, after].map(
        ({ domains }) => Number(domains.get(name)?.get("cpu.time")) / 1e9,
      );
      assert.ok(leastS >= 0 && leastS <= grownToS - grownFromS, `${leastS} of ${grownToS - grownFromS} s`);
    });

    await t.test("keys, a VM's page, a change of size, and the end", async (t) => {
      const terminal = await openedTerminal(t);
      await terminal.type(`echo before it; ${top}; echo ended with $?`);
      const table = await terminal.waitFor(/guest-1 .* \d+\.\d /, "a guest with its CPU");
      const total = shownAs(totalmem(), "bytes", "binary");
      assert.match(
        table,
        new RegExp(` CPU \\d+\\.\\d% of ${cpus().length} {2}MEM \\S+ of ${total}( |$)`, "m"),
      );
      assert.match(table, /PSI% cpu \d+\.\d mem \d+\.\d io \d+\.\d/);
      assert.match(table, /^kvmeter top .* every 1s {2}3 VMs$/m);
      assert.match(table, /2 running, 1 paused/);
      assert.equal(await terminal.value("alternate_on"), "1");
      await terminal.press("N", "Home");
      await terminal.waitFor(/>NAME[^]*^>guest-1 /m, "sorted by name");
      await terminal.press("Down");
      await terminal.waitFor(/^>guest-2/m, "the cursor one line down");
      await terminal.press("Enter");
      const page = await terminal.waitFor(
        /^VCPU .*[^]*^1 .*[^]*^DISK [^]*^vda .*[^]*^vdb /m,
        "both disks and vCPUs",
      );
      assert.match(page, new RegExp(`^guest-2.*${second.uuid}`, "m"));
      await terminal.waitFor(/^CPU % .*[▁▂▃▄▅▆▇█]{3}/m, "a sparkline that grows");
      await terminal.press("Escape");
      await terminal.waitFor(/NAME +STATE/, "the table again");
      await terminal.resize(160, 40);
      await terminal.waitFor(/UPTIME HEALTH/, "all columns on a wide terminal");
      await terminal.resize(60, 12);
      const small = await terminal.waitFor(/^.{0,60}HEALTH$/m, "a small terminal");
      assert.doesNotMatch(small, /UPTIME/);
      await terminal.press("/", "t", "i", "n", "y", "Enter");
      await terminal.waitFor(/1 of them "tiny"/, "the filter");
      await terminal.resize(80, 40);
      await terminal.press("q");
      await assertGivenBack(terminal, "q");
    });

    await t.test("a VM that hangs is seen and passes, one that ends is gone", async (t) => {
      const terminal = await openedTerminal(t, { width: 120 });
      await terminal.type(top);
      await terminal.waitFor(/guest-1 .*\d\.\d/, "the guests");
      const pid = await qemuPid(daemon, first);
      process.kill(pid, "SIGSTOP");
      try {
        await terminal.waitFor(/guest-1 .* hung \d+s/, "that it hangs");
        assert.match((await terminal.lines()).join("\n"), /^! Cannot read all statistics of .*guest-1/m);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await terminal.waitFor(/guest-1 .*\d\.\d .* (?:ok|no stats)$/m, "that it goes on");
      assert.ok(paused);
      await destroyDomain(daemon, paused);
      await terminal.waitFor(/ 2 VMs$/m, "that one is gone");
      await terminal.press("q");
    });

    await t.test("the terminal is given back whatever ends it", async (t) => {
      const directory = await mkdtemp(join(tmpdir(), "kvmeter-top-"));
      t.after(() => rm(directory, { recursive: true }));
      const planted = join(directory, "planted.cjs");
      await writeFile(planted, "setTimeout(() => { throw new Error('planted') }, 4000);");
      const ends: Readonly<
        Record<string, { readonly command?: string; readonly end?: NodeJS.Signals | "C-c" }>
      > = {
        "Ctrl-C": { end: "C-c" },
        SIGTERM: { end: "SIGTERM" },
        SIGINT: { end: "SIGINT" },
        SIGHUP: { end: "SIGHUP" },
        SIGQUIT: { end: "SIGQUIT" },
        "an exception": { command: `NODE_OPTIONS='--require ${planted}' ${top}` },
      };
      for (const [how, { command = top, end }] of Object.entries(ends)) {
        const terminal = await openedTerminal(t, { height: 40 });
        await terminal.type(`echo before it; ${command}; echo ended with $?`);
        await terminal.waitFor(/guest-1 /, `the guests before ${how}`);
        if (end === "C-c") await terminal.press("C-c");
        else if (end !== undefined) {
          await terminal.waitFor(/NAME/, "the table");
          const shell = await terminal.value("pane_pid");
          process.kill(await childOf(Number(shell)), end);
        }
        await assertGivenBack(terminal, how);
        if (end === undefined) {
          await terminal.waitFor(/Error: planted/, "the error on the first screen");
        }
        await terminal.close();
      }
    });

    await t.test("Ctrl-Z gives the shell back, and fg the screen", async (t) => {
      const terminal = await openedTerminal(t);
      await terminal.type(top);
      await terminal.waitFor(/guest-1 /, "the guests");
      await terminal.press("C-z");
      await terminal.waitFor(/Stopped/, "the shell");
      assert.equal(await terminal.value("alternate_on"), "0");
      await terminal.type("echo before it; fg; echo ended with $?");
      await terminal.waitFor(/NAME +STATE/, "the table again");
      await terminal.press("Down");
      await terminal.waitFor(/^>guest-/m, "that keys work");
      await terminal.press("q");
      await assertGivenBack(terminal, "q after fg");
    });

    await t.test("NO_COLOR has no colours, a dumb terminal no screen", async (t) => {
      const plain = await openedTerminal(t, { env: { NO_COLOR: "1" } });
      await plain.type(top);
      await plain.waitFor(/guest-1 .*\d\.\d/, "the guests");
      const text = (await plain.lines({ escapes: true })).join("\n");
      assert.ok(text.includes("\u001b[7m"), "titles are inverse");
      assert.ok(!/\[(?:\d+;)*3[0-7]m/.test(text), "no colour");
      await plain.press("q");
      const dumb = await openedTerminal(t);
      await dumb.type(`TERM=dumb ${top} -n 1; echo ended with $?`);
      await dumb.waitFor(/guest-1 [^]*ended with 0/, "a table and the end");
      assert.equal(await dumb.value("alternate_on"), "0");
    });
  },
);

test(
  "1,000 simulated VMs: keys are answered at once",
  { skip: await skipWithout("tmux"), timeout: 120_000 },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "kvmeter-top-"));
    const simulator = await startSimulator({ socketPath: join(directory, "s.sock"), domains: 1000 });
    t.after(async () => {
      await simulator.stop();
      await rm(directory, { recursive: true });
    });
    const terminal = await openedTerminal(t, { width: 120, height: 40 });
    await terminal.type(`${KVMETER} top --connect '${simulator.uri}'`);
    await terminal.waitFor(/1000 VMs[^]*vm-\d+ .* \d+\.\d .*ok$/m, "the VMs with their CPU", 60_000);
    await terminal.press("N", "End");
    await terminal.waitFor(/^>vm-999 /m, "the last VM", 5000);
    await terminal.press("/", "v", "m", "-", "7", "7", "7", "Enter", "Enter");
    await terminal.waitFor(/^vm-777 [^]*^VCPU /m, "a VM's page", 5000);
    await terminal.press("C-c");
  },
);

/** The process that a shell has started. */
async function childOf(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  assert.equal(children.length, 1, `children of the shell: ${children.join(", ")}`);
  return Number(children[0]);
}
