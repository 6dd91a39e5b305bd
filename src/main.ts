#!/usr/bin/env node
import "./thread-pool.ts";
import { loadCommand } from "./cli/help.ts";
import { reportOf } from "./cli/report.ts";

const STOP_DEADLINE_MS = 5000;

const stop = new AbortController();

/** The first signal stops in order, within the deadline; the second at once. */
function onSignal(signal: NodeJS.Signals): void {
  // A shell that ends, the kernel and logind all send it: it says nothing of anybody's patience.
  if (stop.signal.aborted && signal === "SIGHUP") return;
  if (stop.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
  stop.abort();
  setTimeout(() => {
    process.stderr.write(`kvmeter: did not stop within ${STOP_DEADLINE_MS / 1000} s, ending now\n`);
    process.exit(1);
  }, STOP_DEADLINE_MS).unref();
}

/** Whoever reads our output has seen enough: `kvmeter once | head`. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  stderr.write(`kvmeter: Cannot write to standard output: ${error.message}\n`);
  process.exit(1);
}

async function main(args: readonly string[]): Promise<number> {
  const [first = "run", ...rest] = args;
  if (first === "--help" || first === "-h") return (await loadCommand("help")).run([], context);
  if (first === "--version" || first === "-V") return (await loadCommand("version")).run(rest, context);
  // An option in the place of the command: `kvmeter -c FILE` is `kvmeter run -c FILE`.
  const [name, commandArgs] = first.startsWith("-") ? ["run", args] : [first, rest];
  return (await loadCommand(name)).run(commandArgs, context);
}

/** What does not fit into a pipe is written when its reader has made room, and an exit does not wait for that. */
async function written(): Promise<void> {
  await new Promise<void>((done) => {
    stdout.write("", () => done());
  });
}

const { stdout, stderr, env } = process;
const context = {
  stdout,
  stderr,
  env,
  signal: stop.signal,
  get stdin() {
    return process.stdin;
  },
};
stdout.on("error", onOutputError);
// A log that nobody reads is no reason to stop.
stderr.on("error", () => {});
process.on("SIGINT", onSignal);
process.on("SIGTERM", onSignal);
process.on("SIGHUP", onSignal);

// Not awaited at the top: the single executable is a script, which has no such await.
void start();

async function start(): Promise<never> {
  try {
    const exitCode = await main(process.argv.slice(2));
    await written();
    process.exit(exitCode);
  } catch (error) {
    const { text, exitCode } = reportOf(error);
    stderr.write(text);
    process.exit(exitCode);
  }
}
