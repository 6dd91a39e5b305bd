import type { ReceivedLogs, ReceivedRequest, ReceivedResource } from "../../receiver/receiver.ts";
import { stateOf, sumOf, TRAFFIC, type DomainPoints, type Traffic } from "../domain-row.ts";

/** What has arrived of one domain. */
export interface ArrivedDomain extends DomainPoints {
  /** Bytes in a second between the last two arrivals; undefined at the first. */
  readonly rates: Readonly<Record<Traffic, number | undefined>>;
}

/** Something that happened to a domain, as far as what arrived tells. */
export interface Change {
  readonly domain: string;
  readonly what: string;
}

/** What arrived in all. */
export interface Totals {
  readonly cycles: number;
  readonly requests: number;
  readonly points: number;
  /** Log records: what happened to the domains. */
  readonly records: number;
  /** Of the requests' messages, decompressed. */
  readonly bytes: number;
  readonly domains: number;
  readonly created: number;
  readonly destroyed: number;
}

interface Known {
  readonly arrived: ArrivedDomain;
  readonly timeNs: bigint;
  readonly amounts: Readonly<Record<Traffic, number | undefined>>;
}

/** Keeps account of what an OTLP receiver received, and of nothing else: what did not arrive is not there. */
export class Arrivals {
  readonly #live = new Map<string, Known>();
  readonly #present = new Set<string>();
  readonly #changes: Change[] = [];
  readonly #totals = {
    cycles: 0,
    requests: 0,
    points: 0,
    records: 0,
    bytes: 0,
    domains: 0,
    created: 0,
    destroyed: 0,
  };

  get totals(): Totals {
    return this.#totals;
  }

  get domains(): ArrivedDomain[] {
    return [...this.#live.values()].map(({ arrived }) => arrived);
  }

  /** Takes one request. Gives what changed since the last cycle, once a cycle is complete. */
  take(resources: readonly ReceivedResource[], { bytes }: ReceivedRequest): readonly Change[] | undefined {
    this.#totals.requests += 1;
    this.#totals.bytes += bytes;
    const cyclesBefore = this.#totals.cycles;
    for (const resource of resources) {
      for (const { points } of resource.metrics) this.#totals.points += points.length;
      const { "libvirt.domain.uuid": uuid, "libvirt.domain.name": name } = resource.attributes;
      if (uuid !== undefined) this.#takeDomain(String(uuid), String(name), resource);
      // The agent's own resource comes once in each cycle, after the domains.
      else if (resource.attributes["process.pid"] !== undefined) this.#totals.cycles += 1;
    }
    if (this.#totals.cycles === cyclesBefore) return undefined;
    this.#removeAbsent();
    return this.#changes.splice(0);
  }

  /** Takes a request of log records; they are told with the next complete cycle. */
  takeLogs(resources: readonly ReceivedLogs[], { bytes }: ReceivedRequest): void {
    this.#totals.requests += 1;
    this.#totals.bytes += bytes;
    for (const { attributes, records } of resources) {
      this.#totals.records += records.length;
      const { "libvirt.domain.name": domain, "host.name": host } = attributes;
      for (const { eventName, body } of records) {
        this.#changes.push({ domain: String(domain ?? host), what: `${eventName} ${body ?? ""}`.trim() });
      }
    }
  }

  #takeDomain(uuid: string, name: string, { metrics }: ReceivedResource): void {
    const before = this.#live.get(uuid);
    const points = metrics.flatMap((metric) => metric.points);
    // The end of its series is no sign of life.
    if (points.every(({ noRecordedValue }) => noRecordedValue)) return;
    this.#present.add(uuid);
    const arrived = namedPoints(name, metrics);
    const amounts = amountsOf(arrived);
    const timeNs = points.reduce((latest, { timeNs }) => (timeNs > latest ? timeNs : latest), 0n);
    const rates = ratesBetween(before, { amounts, timeNs });
    const now = { ...arrived, rates };
    this.#live.set(uuid, { arrived: now, timeNs, amounts });
    if (before === undefined) {
      this.#appeared(name);
      return;
    }
    const [was, is] = [stateOf(before.arrived), stateOf(now)];
    if (was !== is)
      this.#changes.push({ domain: name, what: `was ${was ?? "unknown"}, is ${is ?? "unknown"}` });
  }

  /** A domain of which a whole cycle says nothing is gone. */
  #removeAbsent(): void {
    for (const [uuid, { arrived }] of this.#live) {
      if (this.#present.has(uuid)) continue;
      this.#live.delete(uuid);
      this.#totals.destroyed += 1;
      this.#changes.push({ domain: arrived.name, what: "is gone" });
    }
    this.#present.clear();
  }

  #appeared(name: string): void {
    this.#totals.domains += 1;
    if (this.#totals.cycles === 0) return;
    this.#totals.created += 1;
    this.#changes.push({ domain: name, what: "has appeared" });
  }
}

function namedPoints(name: string, metrics: ReceivedResource["metrics"]): DomainPoints {
  const byMetric = new Map(metrics.map((metric) => [metric.name, metric.points]));
  const points = (metric: string) =>
    (byMetric.get(metric) ?? []).map(({ attributes, value, noRecordedValue }) => ({
      attributes,
      value: value === undefined || noRecordedValue ? undefined : Number(value),
    }));
  return { name, points };
}

function amountsOf(domain: DomainPoints): Known["amounts"] {
  return perTraffic((traffic) => {
    const [metric, where] = TRAFFIC[traffic];
    return sumOf(domain, metric, where);
  });
}

function ratesBetween(before: Known | undefined, now: Omit<Known, "arrived">): ArrivedDomain["rates"] {
  const seconds = before === undefined ? 0 : Number(now.timeNs - before.timeNs) / 1e9;
  return perTraffic((traffic) => {
    const [was, is] = [before?.amounts[traffic], now.amounts[traffic]];
    return was === undefined || is === undefined || seconds <= 0
      ? undefined
      : Math.max(0, is - was) / seconds;
  });
}

function perTraffic(
  value: (traffic: Traffic) => number | undefined,
): Readonly<Record<Traffic, number | undefined>> {
  return {
    diskRead: value("diskRead"),
    diskWritten: value("diskWritten"),
    received: value("received"),
    sent: value("sent"),
  };
}
