import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, type TestContext } from "node:test";

import type { StateStore, StoreOptions } from "../../../src/otlp/queue/contract.ts";
import type { DeliveryQueue } from "../../../src/otlp/queue/delivery-queue.ts";
import { openStateDirectory } from "../../../src/otlp/queue/open.ts";
import type { QueueClock } from "../../../src/otlp/queue/queue-time.ts";

const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Runs after the test; the last one first. */
export function afterwards(cleanup: () => void | Promise<void>): void {
  cleanups.push(cleanup);
}

/** An empty directory that goes when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "kvmeter-queue-"));
  afterwards(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A file system of its own, of so many bytes; undefined where this user may not mount one, and the test is skipped. */
export function mountSmall(t: TestContext, options: string): string | undefined {
  const directory = temporaryDirectory();
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]);
  if (status !== 0) {
    t.skip("this user may not mount a file system");
    return undefined;
  }
  afterwards(() => void spawnSync("umount", ["--lazy", directory]));
  return directory;
}

/** What the log says when the directory cannot be written, and when it can be again. */
export const UNWRITABLE =
  /^warn: Cannot write to the state directory: .*: queueing in memory, at most 16 MiB/;
export const BACK = "info: The state directory can be written again";

/** A logger that keeps the lines: level and message. */
export function memoryLog(): StoreOptions["log"] & { readonly lines: string[] } {
  const lines: string[] = [];
  const add =
    (level: string) =>
    (_fields: unknown, message: string): void => {
      lines.push(`${level}: ${message}`);
    };
  return { lines, info: add("info"), warn: add("warn") };
}

/** A clock that stands still until it is moved. */
export class ManualClock implements QueueClock {
  bootId = "boot-1";
  ms = 1_000_000;

  uptimeMs(): number {
    return this.ms;
  }
}

/** A store on a directory, closed when the test ends. */
export function openStore(directory: string, options: Partial<StoreOptions> = {}): StateStore {
  const store = openStateDirectory(directory, { log: memoryLog(), ...options });
  afterwards(() => store.close());
  return store;
}

/** The numbers of the batches in the order in which they would be sent, all of them acknowledged. */
export async function drain(queue: DeliveryQueue): Promise<number[]> {
  const numbers: number[] = [];
  for (let batch = queue.next("oldest-first"); batch !== undefined; batch = queue.next("oldest-first")) {
    const body = await queue.read(batch);
    if (body === undefined) {
      queue.drop(batch, "unreadable");
      continue;
    }
    numbers.push(Buffer.from(body).readUInt32BE(0));
    queue.acknowledge(batch);
  }
  return numbers;
}

/** handed over + recovered - exported - dropped - queued: 0 at any moment. */
export function imbalance({ account, queuedPoints }: DeliveryQueue): number {
  const { handedOverPoints, recoveredPoints, exportedPoints, droppedPoints } = account;
  const dropped = Object.values(droppedPoints).reduce((sum, count) => sum + count, 0);
  return handedOverPoints + recoveredPoints - exportedPoints - dropped - queuedPoints;
}
