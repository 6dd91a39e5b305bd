import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DomainShape } from "../src/simulator/index.ts";

/** A domain with 8 vCPUs, 3 disks and 2 NICs on KVM: 112 series by default, 440 statistics in a bulk reply. */
export const SHAPE: Partial<DomainShape> = { vcpus: 8, disks: 3, nics: 2 };

/** A process beside the measured one. */
export interface Child {
  /** What the process said first: where it can be reached. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A simulated hypervisor in a process of its own; its address is the URI. */
export async function startHypervisor(domains: number): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-bench-"));
  const child = await start("hypervisor-process.ts", [join(folder, "libvirt-sock"), String(domains)]);
  return {
    address: child.address,
    stop: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A backend that accepts everything, in a process of its own; its address is the URL for metrics. */
export async function startSink(): Promise<Child> {
  return start("sink-process.ts", []);
}

async function start(module: string, args: readonly string[]): Promise<Child> {
  const child = fork(join(import.meta.dirname, module), args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  const [address] = (await Promise.race([once(child, "message"), failure(module, exit)])) as [string];
  return {
    address,
    stop: async () => {
      child.kill();
      await exit;
    },
  };
}

async function failure(module: string, exit: Promise<unknown>): Promise<never> {
  await exit;
  throw new Error(`${module} ended before it was ready`);
}
