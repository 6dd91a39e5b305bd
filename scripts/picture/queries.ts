import {
  asSent,
  type Chosen,
  type DashboardModel,
  type DashboardPanel,
} from "../../test/real/dashboard-queries.ts";
import type { ChartData, Series } from "./chart.ts";

/** The time of a picture, in seconds since 1970. */
export interface Range {
  readonly startS: number;
  readonly endS: number;
  readonly stepS: number;
}

export interface Source {
  /** Of a server with Prometheus' API. */
  readonly url: string;
  readonly chosen: Chosen;
  /** The agent's interval; rates are taken over four of it, as Grafana does. */
  readonly intervalS: number;
}

const LOOKBACK_S = 60;

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

/** Asks every panel's queries over a range, as a dashboard does. */
export async function queryPanels(
  { panels }: DashboardModel,
  source: Source,
  range: Range,
): Promise<Map<DashboardPanel, ChartData>> {
  const count = Math.floor((range.endS - range.startS) / range.stepS) + 1;
  const times = Array.from({ length: count }, (_, index) => range.startS + index * range.stepS);
  const data = new Map<DashboardPanel, ChartData>();
  for (const panel of panels) {
    const asked = panel.type === "timeseries" ? times : times.slice(-1);
    const series: Series[] = [];
    for (const target of panel.targets ?? []) series.push(...(await ask(target, source, asked)));
    data.set(panel, { times: asked, series });
  }
  return data;
}

async function ask(
  { expr, legendFormat }: { readonly expr: string; readonly legendFormat: string },
  { url, chosen, intervalS }: Source,
  times: readonly number[],
): Promise<Series[]> {
  // A single time's step is how far it may look back.
  const [start = 0, next = start + LOOKBACK_S] = times;
  const parameters = new URLSearchParams({
    query: asSent(expr, chosen, `${4 * intervalS}s`),
    start: String(start),
    end: String(times.at(-1)),
    step: String(next - start),
    nocache: "1",
  });
  const response = await fetch(`${url}/api/v1/query_range?${parameters.toString()}`);
  if (!response.ok) throw new Error(`${expr}: ${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as Answer;
  return data.result.map(({ metric, values }) => {
    const byTime = new Map(values.map(([time, value]) => [time, Number(value)]));
    return {
      name: legendFormat.replaceAll(/\{\{(.+?)\}\}/g, (_, label: string) => metric[label] ?? ""),
      values: times.map((time) => byTime.get(time)),
    };
  });
}
