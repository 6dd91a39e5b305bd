import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { paths, repositoryRoot } from "../../test/real/bed/parts.ts";
import { freePorts, waitFor } from "../../test/real/bed/processes.ts";

const CONFIGURATION = join(repositoryRoot, "config/fleet");
/** USER_HZ, which is 100 on every Linux that Node runs on. */
const S_PER_TICK = 0.01;

/** What a process has used so far. */
export interface Usage {
  readonly cpuS: number;
  readonly residentMb: number;
}

/** A program that runs. */
export class Program {
  readonly #command: () => ChildProcess;
  readonly #isReady: () => Promise<boolean>;
  #child: ChildProcess | undefined;

  constructor(command: () => ChildProcess, isReady: () => Promise<boolean>) {
    this.#command = command;
    this.#isReady = isReady;
  }

  async start(): Promise<void> {
    const child = this.#command();
    this.#child = child;
    process.once("exit", () => child.kill());
    const what = `${child.spawnfile} to be ready`;
    await waitFor(() => this.#isReady(), { what });
  }

  /** Without a chance to finish anything, or politely. */
  async end(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  get usage(): Usage {
    const pid = this.#child?.pid;
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return {
      cpuS: (Number(fields[11]) + Number(fields[12])) * S_PER_TICK,
      residentMb: (Number(kilobytes) * 1024) / 1e6,
    };
  }
}

/** A Collector with config/fleet/gateway-remote-write.yaml as it is. */
export class Gateway extends Program {
  readonly grpcAddress: string;
  readonly healthPort: string;
  readonly #metricsUrl: string;

  constructor(
    ports: readonly number[],
    { remoteWriteUrl, logPath }: { remoteWriteUrl: string; logPath: string },
  ) {
    const [grpc, health, metrics] = ports.map(String);
    const healthAddress = `127.0.0.1:${health}`;
    const env = {
      ...process.env,
      KVMETER_COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      KVMETER_COLLECTOR_HEALTH: healthAddress,
      KVMETER_COLLECTOR_METRICS_HOST: "127.0.0.1",
      KVMETER_COLLECTOR_METRICS_PORT: metrics,
      KVMETER_REMOTE_WRITE: remoteWriteUrl,
    };
    const file = join(CONFIGURATION, "gateway-remote-write.yaml");
    const log = openSync(logPath, "a");
    const command = () => spawn(collector(), ["--config", file], { env, stdio: ["ignore", log, log] });
    super(command, async () => (await fetch(`http://${healthAddress}/`)).ok);
    this.grpcAddress = env.KVMETER_COLLECTOR_GRPC;
    this.healthPort = health ?? "";
    this.#metricsUrl = `http://127.0.0.1:${metrics}/metrics`;
  }

  /** A counter of the Collector's own, summed over its series, since this Collector's start. */
  async count(name: string): Promise<number> {
    const text = await (await fetch(this.#metricsUrl)).text();
    const values = text.matchAll(new RegExp(`^${name}(?:_total)?(?:\\{.*\\})? (\\S+)$`, "gm"));
    return values.reduce((sum, [, value]) => sum + Number(value), 0);
  }
}

/** HAProxy with config/fleet/haproxy.cfg as it is; its endpoint takes OTLP over gRPC. */
export async function createBalancer(
  [first, second]: readonly [Gateway, Gateway],
  logPath: string,
): Promise<{ readonly program: Program; readonly endpoint: string }> {
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: paths.haproxyLibraries,
    KVMETER_BALANCER: address,
    KVMETER_GATEWAY_1: first.grpcAddress,
    KVMETER_GATEWAY_1_HEALTH: first.healthPort,
    KVMETER_GATEWAY_2: second.grpcAddress,
    KVMETER_GATEWAY_2_HEALTH: second.healthPort,
  };
  const log = openSync(logPath, "a");
  const file = join(CONFIGURATION, "haproxy.cfg");
  const program = new Program(
    () => spawn(paths.haproxy, ["-f", file], { env, stdio: ["ignore", log, log] }),
    async () => {
      await fetch(`http://${address}/`).catch((error: Error) => {
        if ((error.cause as NodeJS.ErrnoException).code === "ECONNREFUSED") throw error;
      });
      return true;
    },
  );
  return { program, endpoint: `http://${address}` };
}

function collector(): string {
  if (existsSync(paths.collector)) return paths.collector;
  throw new Error(`no ${paths.collector}: run scripts/install-real-parts.sh`);
}
