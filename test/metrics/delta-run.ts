import assert from "node:assert/strict";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { decodeDeltas, encodeDeltas } from "../../src/metrics/delta-store.ts";
import { DomainMeter, type DomainMeterOptions } from "../../src/metrics/domain-meter.ts";
import type { DomainReading } from "../../src/readings/domain.ts";
import { domainReading, type Fields, hypervisorReading, second, secondNs, TestPoints } from "./readings.ts";

export const CPU_TIME = "libvirt.domain.cpu.time";

const SOURCE = "qemu:///system";

/** A meter of deltas that can be put out of the world and started again. */
export class DeltaRun {
  readonly #options: DomainMeterOptions;
  #meter: DomainMeter;

  constructor(options: DomainMeterOptions = {}) {
    this.#options = { rows: DOMAIN_ROWS, temporality: "delta", ...options };
    this.#meter = new DomainMeter(this.#options);
  }

  /** The points of the first domain. */
  read(fields: Fields, seconds: number, rest: Partial<DomainReading> = {}): TestPoints {
    return (
      this.update([domainReading(fields, second(seconds), rest)], seconds)[0] ?? new TestPoints(undefined)
    );
  }

  update(domains: readonly DomainReading[], seconds: number): TestPoints[] {
    return this.#meter
      .update(hypervisorReading(domains, second(seconds)))
      .map((points) => new TestPoints(points));
  }

  get ended(): TestPoints[] {
    return this.#meter.ended.map((points) => new TestPoints(points));
  }

  /** The state as the store keeps it. */
  save(): Uint8Array {
    const { deltas } = this.#meter;
    return encodeDeltas(new Map(deltas === undefined ? [] : [[SOURCE, deltas]]));
  }

  restart(seconds: number, state = this.save()): void {
    const told = decodeDeltas(state, secondNs(seconds))?.get(SOURCE);
    this.#meter = new DomainMeter({ ...this.#options, told });
  }
}

/** Value and start of a metric's only point. */
export function only(
  points: TestPoints,
  metric: string,
): [value: unknown, startTimeNs: bigint | undefined] | undefined {
  const [point, ...others] = points.numbers(metric);
  assert.deepEqual(others, []);
  return point && [point.value, point.startTimeNs];
}

/** Fields of a read latency histogram of disk vda. */
export const histogram = (
  bins: readonly number[],
  totalNs: number,
  starts = [0, 10_000, 1_000_000],
): Fields => ({
  "block.0.name": "vda",
  "block.0.rd.times": totalNs,
  "block.0.latency_histogram.read.bin.count": bins.length,
  ...Object.fromEntries(
    bins.flatMap((count, number) => [
      [`block.0.latency_histogram.read.bin.${number}.start`, starts[number]],
      [`block.0.latency_histogram.read.bin.${number}.value`, count],
    ]),
  ),
});
