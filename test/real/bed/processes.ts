import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, closeSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A process, named so that a later process with the same number is not taken for it. */
export interface ProcessName {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of /proc/pid/stat. */
  readonly startTicks: string;
}

/** Options of {@link run}. */
export interface RunOptions {
  readonly timeoutMs?: number;
}

/** Runs a command to its end and gives its standard output; fails with its standard error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((fulfil, reject) => {
    const settings = {
      timeout: options.timeoutMs ?? 60_000,
      maxBuffer: 256 * 1024 * 1024,
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    };
    execFile(command, [...args], settings, (error, stdout, stderr) => {
      if (error === null) fulfil(stdout);
      else
        reject(
          new Error(`${command} ${args.join(" ")}: ${stderr.trim() || error.message}`, { cause: error }),
        );
    });
  });
}

/** The start time of a live process, or undefined when there is none (a zombie is none). */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Names a live process by its number; undefined when there is none. */
export function nameProcess(pid: number): ProcessName | undefined {
  const startTicks = startTicksOf(pid);
  return startTicks === undefined ? undefined : { pid, startTicks };
}

/** Whether this very process still runs. */
export function isAlive(name: ProcessName): boolean {
  return startTicksOf(name.pid) === name.startTicks;
}

/** What to start as a daemon. */
export interface DaemonCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error go there. */
  readonly logPath: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Starts a process in a session of its own, so that it can outlive this one when asked to. */
export async function startDaemon(daemon: DaemonCommand): Promise<ProcessName> {
  mkdirSync(dirname(daemon.logPath), { recursive: true });
  const log = openSync(daemon.logPath, "a");
  try {
    const child = spawn(daemon.command, [...daemon.args], {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...daemon.environment },
    });
    await once(child, "spawn");
    child.unref();
    const name = child.pid === undefined ? undefined : nameProcess(child.pid);
    if (name === undefined) throw new Error(`${daemon.command} ended at once; see ${daemon.logPath}`);
    return name;
  } finally {
    closeSync(log);
  }
}

/** The only child of a process that starts exactly one, as soon as it runs the command it was started for. */
export function childOf(parent: ProcessName, command: string): Promise<ProcessName> {
  return waitFor(
    async () => {
      const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8");
      const pid = Number.parseInt(children, 10);
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`${command}\0`) && nameProcess(pid);
    },
    { what: `process ${parent.pid} to start ${command}`, everyMs: 10 },
  );
}

/** Ends a process politely, and by force when it has not gone in time. */
export async function endProcess(name: ProcessName, timeoutMs = 5000): Promise<void> {
  signal(name, "SIGTERM");
  const deadline = Date.now() + timeoutMs;
  while (isAlive(name) && Date.now() < deadline) await sleep(20);
  await killProcess(name);
}

/** Kills a process, stopped ones too, and waits until it has gone. */
export async function killProcess(name: ProcessName): Promise<void> {
  signal(name, "SIGKILL");
  while (isAlive(name)) await sleep(20);
}

function signal(name: ProcessName, kind: NodeJS.Signals): void {
  if (!isAlive(name)) return;
  try {
    process.kill(name.pid, kind);
  } catch {
    // It ended in between, which is what was wanted.
  }
}

/** What {@link waitFor} waits for. */
export interface Wait {
  /** Completes the sentence "waited … ms for". */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** Asks until the answer is neither undefined nor false and gives it; errors count as "not yet". */
export async function waitFor<Answer>(
  ask: () => Promise<Answer | undefined | false>,
  wait: Wait,
): Promise<Answer> {
  const timeoutMs = wait.timeoutMs ?? 20_000;
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(wait.everyMs ?? 100);
  } while (Date.now() < deadline);
  throw new Error(`waited ${timeoutMs} ms for ${wait.what}`, last === undefined ? {} : { cause: last });
}

/** Ports on the loopback that nobody listens on now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  // All are held until the last one is known, or the same port could come twice.
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
