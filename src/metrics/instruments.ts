import {
  type BatchObservableResult,
  type Meter,
  type MetricOptions,
  type Observable,
  ValueType,
} from "@opentelemetry/api";

import type { HypervisorReading } from "../readings/domain.ts";
import { DOMAIN_ROWS } from "./definitions.ts";
import { DomainMeter } from "./domain-meter.ts";
import { planMetrics } from "./plan.ts";
import type { MetricDescriptor, ResourcePoints } from "./points.ts";
import { type MetricSelection, selectRows } from "./selection.ts";

/** Where readings come from. */
export interface LibvirtSource {
  /** One reading of a hypervisor. The signal says that nobody waits for it any more. */
  read(signal: AbortSignal): Promise<HypervisorReading>;
}

/**
 * Registers the catalogue's counters, up-down counters and gauges as observable instruments on a Meter of any
 * OpenTelemetry SDK; every collection is one reading of the source. A domain's uuid and name stand on every
 * point, since an SDK has one Resource for all. Histograms cannot be observed and are left out. What the SDK
 * costs beside that stands in docs/library.md.
 *
 * A reading that fails fails the collection's callback; the SDK reports it.
 * @returns a function that takes the instruments' callback back
 */
export function registerLibvirtInstruments(
  meter: Meter,
  source: LibvirtSource,
  selection: MetricSelection = {},
): () => void {
  const rows = selectRows(DOMAIN_ROWS, selection).filter((row) => row.kind !== "histogram");
  const instruments = new Map(
    planMetrics(rows).rows.map(({ metric }) => [metric.name, createInstrument(meter, metric)]),
  );
  const domains = new DomainMeter({ rows, resource: { identity: "attributes" } });
  const abort = new AbortController();
  let underWay: Promise<ResourcePoints[]> | undefined;

  // Two readers of one provider can collect at the same time: they get the same reading.
  const read = (): Promise<ResourcePoints[]> => {
    underWay ??= source
      .read(abort.signal)
      .then((reading) => domains.update(reading))
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
  const observe = async (result: BatchObservableResult): Promise<void> => {
    for (const { metrics } of await read()) {
      for (const { metric, points } of metrics) {
        const instrument = instruments.get(metric.name);
        if (instrument === undefined || metric.kind === "histogram") continue;
        for (const point of points) {
          if ("value" in point) result.observe(instrument, Number(point.value), point.series.attributes);
        }
      }
    }
  };
  const observables = [...instruments.values()];
  meter.addBatchObservableCallback(observe, observables);
  return () => {
    meter.removeBatchObservableCallback(observe, observables);
    abort.abort();
  };
}

function createInstrument(
  meter: Meter,
  { name, kind, unit, description, valueType }: MetricDescriptor,
): Observable {
  const options: MetricOptions = {
    unit,
    description,
    valueType: valueType === "int" ? ValueType.INT : ValueType.DOUBLE,
  };
  switch (kind) {
    case "counter":
      return meter.createObservableCounter(name, options);
    case "updowncounter":
      return meter.createObservableUpDownCounter(name, options);
    default:
      return meter.createObservableGauge(name, options);
  }
}
