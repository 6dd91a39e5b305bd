import { median } from "./result.ts";

/** What one cycle costs this process. */
export interface Cost {
  /** User and system of all threads, the garbage collector's included. */
  readonly cpuMs: number;
  readonly allocatedMB: number;
}

/** Runs a cycle some times to warm up, then `count` times, and gives the average CPU and the usual allocation of one. */
export async function costOf(
  cycle: () => Promise<unknown>,
  { warmUp, count }: { readonly warmUp: number; readonly count: number },
): Promise<Cost> {
  for (let number = 0; number < warmUp; number += 1) await cycle();
  const allocatedBytes: number[] = [];
  const before = process.cpuUsage();
  for (let number = 0; number < count; number += 1) {
    const heapBytes = process.memoryUsage().heapUsed;
    await cycle();
    // Less than before: the garbage collector was there, and nothing can be said of this one.
    const grownBytes = process.memoryUsage().heapUsed - heapBytes;
    if (grownBytes > 0) allocatedBytes.push(grownBytes);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000 / count, allocatedMB: median(allocatedBytes) / 1e6 };
}
