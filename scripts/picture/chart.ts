import { scaleLinear, scaleUtc } from "d3-scale";
import { area, curveLinear, line, stack } from "d3-shape";

import type { DashboardPanel } from "../../test/real/dashboard-queries.ts";
import { text } from "./svg.ts";
import { axisValue, tickBase } from "./units.ts";

/** One line of a chart: its values at the chart's times, undefined where there is none. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

/** Where a chart is, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ChartData {
  /** Seconds since 1970, equally apart. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

/** How many colours the style sheet has. */
export const COLOURS = 6;

interface Span {
  readonly time: number;
  readonly low: number;
  readonly high: number | undefined;
}

/** The lines or stacked areas of a panel with its axes and thresholds. */
export function chart(panel: DashboardPanel, box: Box, { times, series }: ChartData): string {
  const stacked = panel.fieldConfig?.defaults.custom?.stacking.mode === "normal";
  const { unit = "none", min, thresholds } = panel.fieldConfig?.defaults ?? {};
  const spans = stacked ? stackedSpans(times, series) : plainSpans(times, series, min ?? 0);
  const heights = spans.flat().map(({ high }) => high ?? 0);
  const lows = min === undefined && !stacked ? heights.filter(Number.isFinite) : [min ?? 0];
  const low = Math.min(0, ...lows);
  const high = Math.max(...heights, low) || 1;
  const base = tickBase(unit, high);
  const value = scaleLinear([low / base, high / base], [box.y + box.height, box.y]).nice(4);
  const at = (amount: number): number => value(amount / base);
  const time = scaleUtc([(times[0] ?? 0) * 1000, (times.at(-1) ?? 0) * 1000], [box.x, box.x + box.width]);

  // Of ticks that are called alike one is enough: where all is 0, others would be called 0 too.
  const ticks = new Map(
    value
      .ticks(4)
      .toReversed()
      .map((tick) => [axisValue(tick * base, unit), value(tick)]),
  );
  const grid = ticks
    .entries()
    .map(([words, y]) => rule({ x1: box.x, x2: box.x + box.width, y }) + label(words, box.x - 6, y));
  const hours = time.ticks(5).map((tick) =>
    text(tick.toISOString().slice(11, 16), {
      x: time(tick),
      y: box.y + box.height + 14,
      class: "axis",
      anchor: "middle",
    }),
  );
  const limits =
    panel.fieldConfig?.defaults.custom?.thresholdsStyle.mode === "line" ? (thresholds?.steps ?? []) : [];
  const [, top = 0] = value.domain();
  const drawnLimits = limits
    .filter((step) => step.value !== null && step.value <= top * base)
    .map((step) =>
      rule({ x1: box.x, x2: box.x + box.width, y: at(step.value ?? 0), class: `limit ${step.color}` }),
    );
  const drawn = spans.map((points, index) => {
    const defined = ({ high }: Span) => high !== undefined;
    const x = (point: Span) => time(point.time * 1000);
    const outline = line<Span>(x, (point) => at(point.high ?? 0))
      .defined(defined)
      .curve(curveLinear)
      .digits(1)(points);
    const filled = area<Span>(
      x,
      (point) => at(point.low),
      (point) => at(point.high ?? 0),
    )
      .defined(defined)
      .digits(1)(points);
    const colour = `c${index % COLOURS}`;
    return (
      `<path class="fill ${stacked ? "full " : ""}${colour}" d="${filled ?? ""}"/>` +
      `<path class="line ${colour}" d="${outline ?? ""}"/>`
    );
  });
  return [...grid, ...hours, ...drawn, ...drawnLimits].join("\n");
}

function plainSpans(times: readonly number[], series: readonly Series[], low: number): Span[][] {
  return series.map(({ values }) => times.map((time, index) => ({ time, low, high: values[index] })));
}

function stackedSpans(times: readonly number[], series: readonly Series[]): Span[][] {
  const layers = stack<number, number>()
    .keys(series.keys())
    .value((at, key) => series[key]?.values[at] ?? 0)([...times.keys()]);
  return layers.map((layer, key) =>
    layer.map(([low, high], at) => ({
      time: times[at] ?? 0,
      low,
      high: series[key]?.values[at] === undefined ? undefined : high,
    })),
  );
}

interface Rule {
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly class?: string;
}

function rule({ x1, x2, y, class: kind = "grid" }: Rule): string {
  return `<path class="${kind}" d="M${x1},${y.toFixed(1)}H${x2}"/>`;
}

function label(words: string, x: number, y: number): string {
  return text(words, { x, y: y + 4, class: "axis", anchor: "end" });
}
