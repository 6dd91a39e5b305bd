import { type ChildProcess, spawn } from "node:child_process";
import { once as happens } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { JsonResource } from "../../src/metrics/json.ts";
import { kvmeterCommand } from "../program.ts";
import type { Libvirtd } from "./bed/libvirtd.ts";

/** A test that fails half-way must not leave one running, nor wait for it. */
const running = new Set<ChildProcess>();
const killAll = () => running.forEach((child) => child.kill("SIGKILL"));
after(killAll);
process.once("exit", killAll);

/** How a run of kvmeter ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** A kvmeter that was started. */
export interface Kvmeter {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it logged so far. */
  log(): string;
  /** SIGTERM, and how it ended; `durationMs` is from the signal on. */
  stop(): Promise<Ended>;
}

export interface StartOptions {
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Starts `kvmeter …`. The environment's own OTEL_* variables stay out of it. */
export function startKvmeter(args: readonly string[], { user }: StartOptions = {}): Kvmeter {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OTEL_")));
  const begun = performance.now();
  const [program, ...first] = kvmeterCommand;
  const child = spawn(program, [...first, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    ...user,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  running.add(child);
  const ended = happens(child, "close").then(([code, signal]): Ended => {
    running.delete(child);
    const durationMs = performance.now() - begun;
    return {
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout,
      stderr,
      durationMs,
    };
  });
  return {
    process: child,
    ended,
    log: () => stderr,
    stop: async () => {
      const signalled = performance.now();
      child.kill("SIGTERM");
      const late = sleep(20_000, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
      const end = await Promise.race([ended, late.then(() => ended)]);
      return { ...end, durationMs: performance.now() - signalled };
    },
  };
}

/** Runs `kvmeter …` to its end. */
export function runKvmeter(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return startKvmeter(args, options).ended;
}

/** The URI of a daemon's read-only socket, which is what an agent has. */
export function readOnlyUri({ readOnlySocketPath }: Pick<Libvirtd, "readOnlySocketPath">): string {
  return `qemu:///system?socket=${readOnlySocketPath}`;
}

/** Does something with a configuration file, which is gone afterwards; other users may read it where they are to. */
export async function withConfiguration<Result>(
  yaml: string,
  act: (file: string) => Promise<Result>,
  { forAll = false }: { readonly forAll?: boolean } = {},
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-real-"));
  try {
    if (forAll) await chmod(directory, 0o755);
    const file = join(directory, "kvmeter.yaml");
    await writeFile(file, yaml);
    return await act(file);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What `kvmeter once --format json` prints of each domain, by name. */
export function readOnce(
  daemon: Pick<Libvirtd, "readOnlySocketPath">,
  args: readonly string[] = [],
): Promise<Map<string, JsonResource>> {
  return readOnceAt(readOnlyUri(daemon), args);
}

/** The same of the hypervisor at a URI. */
export async function readOnceAt(
  uri: string,
  args: readonly string[] = [],
): Promise<Map<string, JsonResource>> {
  const { code, stdout, stderr } = await runKvmeter(
    ["once", "--format", "json", "--connect", uri].concat(args),
  );
  if (code !== 0 || stderr !== "") throw new Error(`kvmeter once: exit code ${code}: ${stderr}`);
  const resources = JSON.parse(stdout) as JsonResource[];
  return new Map(resources.map((one) => [String(one.resource["libvirt.domain.name"]), one]));
}

/** The same with every metric of the catalogue switched on. */
export function readEverything(
  daemon: Pick<Libvirtd, "readOnlySocketPath">,
): Promise<Map<string, JsonResource>> {
  return withConfiguration('metrics: { enable: ["*"] }\n', (file) => readOnce(daemon, ["-c", file]));
}
