import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startReceiver } from "../../src/receiver/receiver.ts";
import type { DomainShape } from "../../src/simulator/index.ts";
import { SHAPE } from "../children.ts";
import type { BenchRow } from "../result.ts";
import { startAgents } from "./agents.ts";

const INTERVAL_MS = 10_000;
/** In this time everything has been read as often as it is read, and in the first cycle it is read all at once. */
const SLOW_INTERVAL_MS = 120_000;
const FIRST_CYCLE_MS = 4000;
const CYCLES_OF_AN_HOUR = 360;

/** Hosts of two sizes: what they differ by is the domains'. */
const FEW = 20;
const MANY = 60;

const SHAPES: Readonly<Record<string, Partial<DomainShape> | undefined>> = {
  "VMs as `kvmeter simulate` has them": undefined,
  "VMs of 8 vCPUs, 3 disks, 2 NICs": SHAPE,
};

/** What one agent sends in a cycle, on the average. */
interface Sent {
  readonly domainPoints: number;
  readonly rawBytes: number;
  readonly gzipBytes: number;
  /** Of the queue's file while the backend is away. */
  readonly queuedBytes: number;
}

/** Points and bytes of a VM, of a host and of an hour's queue, from agents with few and with many VMs. */
export async function measureSizes(folder: string): Promise<BenchRow[]> {
  const measured = Object.entries(SHAPES).map(async ([name, shape], index): Promise<BenchRow[]> => {
    const place = join(folder, `sizing-${index}`);
    const [few, many] = await Promise.all([measure(FEW, shape, place), measure(MANY, shape, place)]);
    const ofDomain = (figure: keyof Sent): number => (many[figure] - few[figure]) / (MANY - FEW);
    return [
      { label: `${name}: points of a VM and cycle`, value: ofDomain("domainPoints"), unit: "" },
      { label: `${name}: bytes of a VM and cycle`, value: ofDomain("rawBytes") / 1000, unit: "kB" },
      { label: `${name}: gzip'd`, value: ofDomain("gzipBytes") / 1000, unit: "kB" },
      {
        label: `${name}: queue of a VM and hour`,
        value: (ofDomain("queuedBytes") * CYCLES_OF_AN_HOUR) / 1e6,
        unit: "MB",
      },
      {
        label: `${name}: a host with ${FEW}, gzip'd, a cycle`,
        value: few.gzipBytes / 1000,
        unit: "kB",
      },
    ];
  });
  return (await Promise.all(measured)).flat();
}

async function measure(
  domains: number,
  shape: Partial<DomainShape> | undefined,
  folder: string,
): Promise<Sent> {
  const total = { domainPoints: 0, rawBytes: 0, gzipBytes: 0 };
  const beginMs = performance.now() + FIRST_CYCLE_MS;
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    onMetrics: (resources, { headers, bytes }) => {
      if (performance.now() < beginMs) return;
      total.rawBytes += bytes;
      total.gzipBytes += Number(headers["content-length"]);
      for (const { attributes, metrics } of resources) {
        if (attributes["libvirt.domain.uuid"] === undefined) continue;
        for (const { points } of metrics) total.domainPoints += points.length;
      }
    },
  });
  const request = {
    agents: 1,
    firstSeed: 1,
    domains,
    ...(shape && { shape }),
    intervalMs: INTERVAL_MS,
    slowIntervalMs: SLOW_INTERVAL_MS,
    spreadMs: 0,
  };
  const place = (name: string): string => {
    const path = join(folder, `${domains}-${name}`);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const [well, away] = await Promise.all([
    startAgents(1, {
      ...request,
      endpoint: receiver.endpoint,
      protocol: "http/protobuf",
      folder: place("well"),
    }),
    // Nobody listens there.
    startAgents(1, { ...request, endpoint: "http://127.0.0.1:9", protocol: "grpc", folder: place("away") }),
  ]);
  // The second cycle comes up to two intervals after the first.
  await sleep(2 * INTERVAL_MS + SLOW_INTERVAL_MS);
  const [[told], [waiting]] = await Promise.all([well.stop(), away.stop()]);
  await receiver.close();
  const { size } = statSync(join(folder, `${domains}-away`, "1/state/kvmeter.db"));
  const cycles = (told?.cycles ?? Number.NaN) - 1;
  return {
    domainPoints: total.domainPoints / cycles,
    rawBytes: total.rawBytes / cycles,
    gzipBytes: total.gzipBytes / cycles,
    queuedBytes: size / (waiting?.cycles ?? Number.NaN),
  };
}
