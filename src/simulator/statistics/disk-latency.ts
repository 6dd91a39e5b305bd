import { perNumber, wireName, type ParameterList } from "../parameters.ts";

/** What a disk has done of one kind of request. */
interface Requests {
  readonly requests: number;
  readonly perSecond: number;
  readonly meanNs: number;
}

/** What the timed statistics of one disk are made from. */
interface DiskTimes {
  readonly number: number;
  /** The guest's load, 1 on the mean: latency rises with it. */
  readonly load: number;
  readonly read: Requests;
  readonly write: Requests;
  readonly flush: Requests;
}

/** Lower bounds of the histogram's bins in nanoseconds, as the domain's XML asks for them. */
export const LATENCY_BIN_STARTS_NS = [0, 10_000, 100_000, 1_000_000] as const;
/** Seconds of `<statistic interval=…>` in the domain's XML. */
export const TIMED_INTERVAL_S = 10;

/** Of a thousand requests, how many fall into each bin. */
const BIN_SHARES = {
  read: [40, 380, 520, 60],
  write: [5, 190, 640, 165],
  zone_append: [0, 0, 0, 0],
  flush: [0, 20, 430, 550],
} as const;

/** libvirt's order; the two halves of a name that differ. */
const OPERATIONS = ["rd", "wr", "zone_append", "flush"] as const;
const QUEUES = ["rd", "wr", "zone_append"] as const;

const NOTHING: Requests = { requests: 0, perSecond: 0, meanNs: 0 };

const namesOf = perNumber((number) => {
  const timed = `block.${number}.timed_group`;
  const histogram = `block.${number}.latency_histogram`;
  return {
    count: wireName(`${timed}.count`),
    interval: wireName(`${timed}.0.interval`),
    latencies: OPERATIONS.map((operation) =>
      (["min", "max", "avg"] as const).map((kind) => wireName(`${timed}.0.${operation}_latency_${kind}`)),
    ),
    queues: QUEUES.map((operation) => wireName(`${timed}.0.${operation}_queue_depth_avg`)),
    histograms: (["read", "write", "zone_append", "flush"] as const).map((operation) => ({
      shares: BIN_SHARES[operation],
      count: wireName(`${histogram}.${operation}.bin.count`),
      bins: LATENCY_BIN_STARTS_NS.map((startNs, bin) => ({
        startNs,
        start: wireName(`${histogram}.${operation}.bin.${bin}.start`),
        value: wireName(`${histogram}.${operation}.bin.${bin}.value`),
      })),
    })),
  };
});

/** Timed statistics and latency histograms of a disk, in group block since libvirt 11.10 and 12.1. */
export function writeTimedStatistics(list: ParameterList, times: DiskTimes): void {
  const names = namesOf(times.number);
  const kinds = [times.read, times.write, NOTHING, times.flush];
  list.ullong(names.count, 1);
  list.ullong(names.interval, TIMED_INTERVAL_S);
  for (const [index, latencies] of names.latencies.entries()) {
    const meanNs = (kinds[index]?.meanNs ?? 0) * (0.8 + 0.2 * times.load);
    for (const [kind, name] of latencies.entries()) list.ullong(name, meanNs * ([0.31, 4.4, 1][kind] ?? 0));
  }
  for (const [index, name] of names.queues.entries()) {
    const { perSecond, meanNs } = kinds[index] ?? NOTHING;
    list.double(name, (perSecond * meanNs) / 1e9);
  }
  for (const [index, { shares, count, bins }] of names.histograms.entries()) {
    list.ullong(count, bins.length);
    let before = 0;
    for (const [bin, { startNs, start, value }] of bins.entries()) {
      const share = shares[bin] ?? 0;
      list.ullong(start, startNs);
      list.ullong(value, inBin((kinds[index] ?? NOTHING).requests, { before, share }));
      before += share;
    }
  }
}

/**
 * How many of `requests` fell into a bin that takes `share` of every thousand, after the `before` that the bins
 * below it take. Bins only grow, and together they are the requests.
 */
function inBin(requests: number, { before, share }: { before: number; share: number }): number {
  const thousands = Math.floor(requests / 1000);
  return thousands * share + Math.max(0, Math.min(share, (requests % 1000) - before));
}
