import { setTimeout as sleep } from "node:timers/promises";

import { loadConfiguration } from "../../src/config/load.ts";
import type { Logger } from "../../src/log.ts";
import { TopFeed } from "../../src/top/feed.ts";
import type { FigureName } from "../../src/top/figures.ts";
import type { Subject } from "../../src/top/subject.ts";
import type { Libvirtd } from "./bed/libvirtd.ts";
import { domstats } from "./bed/virsh.ts";
import { readOnlyUri } from "./kvmeter.ts";

const silent = () => undefined;
const LOG: Logger = { error: silent, warn: silent, info: silent, debug: silent, trace: silent };
const never = new AbortController().signal;

/** What virsh shows of all domains, by uuid, and when. */
export interface Shown {
  readonly ms: number;
  readonly domains: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export async function shown({ virsh }: Libvirtd): Promise<Shown> {
  return { domains: await domstats(virsh), ms: performance.now() };
}

/** The sum of a numbered field over all numbers. */
export function total(fields: ReadonlyMap<string, string> | undefined, pattern: RegExp): number {
  let sum = 0;
  for (const [field, value] of fields ?? []) if (pattern.test(field)) sum += Number(value);
  return sum;
}

interface Compared {
  readonly figure: FigureName;
  readonly fields: RegExp;
  /** What one of the field's is in the figure's unit. */
  readonly unit: number;
  /** What the sum is divided by. */
  readonly per?: (whole: Subject) => number;
}

const vcpus = (whole: Subject): number => whole.figure("vcpus") ?? Number.NaN;

/** The rates of top, and what virsh shows of the same. */
export const COMPARED: readonly Compared[] = [
  { figure: "cpu", fields: /^cpu\.time$/, unit: 1e-9, per: vcpus },
  { figure: "vcpuTime", fields: /^vcpu\.\d+\.time$/, unit: 1e-9, per: vcpus },
  { figure: "steal", fields: /^vcpu\.\d+\.delay$/, unit: 1e-9, per: vcpus },
  { figure: "wait", fields: /^vcpu\.\d+\.wait$/, unit: 1e-9, per: vcpus },
  { figure: "readBytes", fields: /^block\.\d+\.rd\.bytes$/, unit: 1 },
  { figure: "writtenBytes", fields: /^block\.\d+\.wr\.bytes$/, unit: 1 },
  { figure: "reads", fields: /^block\.\d+\.rd\.reqs$/, unit: 1 },
  { figure: "writes", fields: /^block\.\d+\.wr\.reqs$/, unit: 1 },
  { figure: "receivedBytes", fields: /^net\.\d+\.rx\.bytes$/, unit: 1 },
  { figure: "sentBytes", fields: /^net\.\d+\.tx\.bytes$/, unit: 1 },
  { figure: "drops", fields: /^net\.\d+\.[rt]x\.drop$/, unit: 1 },
];

/** Takes two refreshes, and what virsh shows just before and just after each. */
export async function betweenVirsh(daemon: Libvirtd, seconds: number) {
  const overrides = { uri: readOnlyUri(daemon), intervalMs: seconds * 1000 };
  const { configuration } = loadConfiguration({ file: undefined, env: {}, overrides });
  const feed = new TopFeed(configuration, LOG);
  const refreshes = feed.refreshes(never, () => false);
  try {
    const outerBegin = await shown(daemon);
    await refreshes.next();
    const innerBegin = await shown(daemon);
    const second = refreshes.next();
    await sleep(seconds * 800);
    const innerEnd = await shown(daemon);
    await second;
    const outerEnd = await shown(daemon);
    return { model: feed.model, outerBegin, innerBegin, innerEnd, outerEnd };
  } finally {
    await refreshes.return(undefined);
    await feed.close();
  }
}
