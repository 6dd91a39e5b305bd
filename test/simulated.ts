import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { type Simulator, type SimulatorOptions, startSimulator } from "../src/simulator/index.ts";

/** A simulated hypervisor on a socket of its own, gone when the test is over. */
export async function simulated(
  test: Pick<TestContext, "after">,
  options: Omit<SimulatorOptions, "socketPath"> = {},
): Promise<Simulator> {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-test-"));
  const simulator = await startSimulator({ socketPath: join(directory, "libvirt-sock"), ...options });
  test.after(async () => {
    await simulator.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return simulator;
}
