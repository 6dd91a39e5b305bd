/**
 * Takes the pictures of `kvmeter top` for README.md and docs/: the real program in a real terminal, in front of a
 * simulated hypervisor on which one VM hangs. Needs tmux. After it: npm run generate.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startSimulator } from "../src/simulator/index.ts";
import { openTerminal } from "../test/real/bed/tmux.ts";

const ROOT = resolve(import.meta.dirname, "..");
const SIZE = { width: 100, height: 24 } as const;
/** Sparklines grow by a character in each refresh. */
const WATCHED_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "kvmeter-picture-"));
const simulator = await startSimulator({ socketPath: join(folder, "libvirt-sock"), domains: 40, seed: 4 });
const terminal = await openTerminal(SIZE);
try {
  await terminal.type(
    `${process.execPath} ${join(ROOT, "src/main.ts")} top --interval 1s --connect '${simulator.uri}'`,
  );
  await terminal.waitFor(/vm-\d+ .* \d+\.\d .*ok/, "the VMs with their CPU");
  await sleep(WATCHED_MS);
  simulator.addFault({ kind: "hang", domain: "vm-3" });
  await terminal.waitFor(/! Cannot read all statistics/, "the VM that hangs");
  await sleep(3000);
  // What needs attention first.
  await terminal.press("H");
  await terminal.waitFor(/vm-3 .* hung /, "the VM that hangs on top");
  replaceInReadme(await picture());
  await terminal.press("C", "Home", "Enter");
  await terminal.waitFor(/^VCPU /m, "a VM's page");
  writeFileSync(join(ROOT, "docs/pictures/top-vm.txt"), await picture());
  await terminal.press("C-c");
} finally {
  await terminal.close();
  await simulator.stop();
  rmSync(folder, { recursive: true });
}

async function picture(): Promise<string> {
  return `${(await terminal.lines()).join("\n").trimEnd()}\n`;
}

function replaceInReadme(text: string): void {
  const path = join(ROOT, "README.md");
  const block = /(<!-- picture of top -->\n\n```text\n)[^]*?(```)/;
  const readme = readFileSync(path, "utf8");
  if (!block.test(readme)) throw new Error("README.md has no place for the picture of top");
  writeFileSync(
    path,
    readme.replace(block, (_, begin: string, end: string) => begin + text + end),
  );
}
