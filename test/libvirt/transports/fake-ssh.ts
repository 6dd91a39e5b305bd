import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

/** What ssh was started with, and as which process. */
export interface SshStart {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
}

/**
 * Puts an `ssh` before all others on this process's PATH for as long as the test runs: a program of Node's whose
 * body is `script`. Gives a function that tells how it was started.
 */
export async function fakeSsh(
  test: Pick<TestContext, "after">,
  script: string,
): Promise<() => Promise<SshStart>> {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-ssh-"));
  const log = join(folder, "start.json");
  const report = "{ args: process.argv.slice(2), environment: process.env, pid: process.pid }";
  const text = `#!${process.execPath}
require("node:fs").writeFileSync(${JSON.stringify(log)}, JSON.stringify(${report}));
${script}
`;
  await writeFile(join(folder, "ssh"), text);
  await chmod(join(folder, "ssh"), 0o755);
  const path = process.env["PATH"];
  process.env["PATH"] = `${folder}${delimiter}${path}`;
  test.after(async () => {
    process.env["PATH"] = path;
    await rm(folder, { recursive: true, force: true });
  });
  return async () => JSON.parse(await readFile(log, "utf8")) as SshStart;
}

/** An ssh that is at a unix socket at once. */
export function relayTo(socketPath: string): string {
  return `
const daemon = require("node:net").connect(${JSON.stringify(socketPath)});
process.stdin.pipe(daemon).pipe(process.stdout);
daemon.on("close", () => process.exit(0));`;
}
