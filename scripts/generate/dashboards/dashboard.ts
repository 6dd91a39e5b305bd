/** A query of a panel, and how its series are called: `{label}` stands for a label's value. */
export interface PanelQuery {
  readonly query: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What the operator reads at the panel's (i). */
  readonly about?: string;
  /** time: lines. now: the newest value in large. table: a row for each legend, a column for each query. */
  readonly kind: "time" | "now" | "table";
  /** Grafana's name of the unit. */
  readonly unit: Unit;
  readonly queries: readonly PanelQuery[];
  /** Of the 24 columns; 12 unless given, 4 for `now`. */
  readonly width?: number;
  readonly stacked?: boolean;
  /** From where on a value is yellow, and red. */
  readonly steps?: readonly [number, number];
  /** `now` shows the legend in place of the value. */
  readonly nameOnly?: boolean;
}

/** bytes are powers of 1024, Bps bytes per second, ops operations per second. */
type Unit = "percentunit" | "bytes" | "Bps" | "ops" | "pps" | "s" | "short" | "none";

/** A choice at the top of a dashboard. */
export interface Variable {
  readonly name: string;
  readonly title: string;
  /** The label whose values can be chosen. */
  readonly label: string;
  /** Gives a series for each of them. */
  readonly query: string;
  /** Several at once, or all. */
  readonly several: boolean;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

/** Lines over time, one query. */
export function lines(
  title: string,
  query: string,
  rest: Omit<Panel, "title" | "kind" | "queries"> & { readonly legend: string },
): Panel {
  const { legend, ...panel } = rest;
  return { title, kind: "time", queries: [{ query, legend }], ...panel };
}

/** The newest value, in large. */
export function now(
  title: string,
  query: string,
  rest: Omit<Panel, "title" | "kind" | "queries"> & { readonly legend?: string },
): Panel {
  const { legend = "", ...panel } = rest;
  return { title, kind: "now", queries: [{ query, legend }], ...panel };
}
