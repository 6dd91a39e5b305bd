import type { Clock } from "../../src/clock.ts";
import { createFilesystemReader } from "../../src/host/filesystems.ts";
import { HOST_ROWS } from "../../src/metrics/definitions.ts";
import { HostMeter } from "../../src/metrics/host-meter.ts";
import type { MetricPoints } from "../../src/metrics/points.ts";
import { hostReaders } from "../../src/readings/host-scopes.ts";
import { HostSource, type HostSourceOptions } from "../../src/readings/host-source.ts";

/** A clock that stands still until it is told to go on. */
export function standingClock(): Clock & { goOn(ms: number): void } {
  let ms = 1_000_000;
  return {
    now: () => ({ wallNs: 1_800_000_000_000_000_000n + BigInt(ms) * 1_000_000n, monotonicMs: ms }),
    goOn: (by) => void (ms += by),
  };
}

type Reader = HostSourceOptions["readers"][number];

/** A file system as large as any other, since a tree has none of its own. */
const space = async () => ({ bsize: 4096n, blocks: 1000n, bfree: 400n, bavail: 350n });

/** All readers, of which that of file systems asks nobody. */
export function treeReaders(): readonly Reader[] {
  const filesystems: Reader = createFilesystemReader({ ask: space });
  return hostReaders({ taps: false }).map((reader) => (reader.name === "filesystems" ? filesystems : reader));
}

/** A source of the host that lies in a folder, and what it noted. */
export function treeSource(
  root: string,
  options: Partial<HostSourceOptions> = {},
): { readonly source: HostSource; readonly notes: string[] } {
  const notes: string[] = [];
  const source = new HostSource({
    procfs: `${root}/proc`,
    sysfs: `${root}/sys`,
    readers: treeReaders(),
    clock: standingClock(),
    onAbsent: (note) => void notes.push(note.replaceAll(root, "")),
    onContainer: (note) => void notes.push(note),
    ...options,
  });
  return { source, notes };
}

export const NEVER = new AbortController().signal;

/** Every metric there is, of one reading of a tree. */
export async function pointsOfTree(root: string): Promise<readonly MetricPoints[]> {
  const reading = await treeSource(root).source.read(NEVER);
  return new HostMeter({ rows: HOST_ROWS }).update(reading).metrics;
}

/** A line for each point: its metric, attributes and value. */
export function linesOf(metrics: readonly MetricPoints[]): string[] {
  return metrics.flatMap(({ metric, points }) =>
    points.map((point) => {
      const attributes = Object.entries(point.series.attributes).map(([name, value]) => `${name}=${value}`);
      const value = "value" in point ? point.value : point.count;
      return `${metric.name}{${attributes.join(",")}} ${value}`;
    }),
  );
}
