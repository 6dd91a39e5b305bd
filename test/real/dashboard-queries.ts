/** A dashboard as it is imported into Grafana, as far as its panels' data goes. */
export interface DashboardModel {
  readonly title: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: unknown; readonly regex?: string }[];
  };
}

/** A row's heading or a panel. */
export interface DashboardPanel {
  readonly type: "row" | "timeseries" | "stat" | "table";
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: { readonly defaults: PanelDefaults };
  readonly options?: { readonly textMode?: "auto" | "name" };
}

/** How a panel shows its values. */
export interface PanelDefaults {
  readonly unit: string;
  readonly min?: number;
  readonly thresholds: {
    /** The first one holds from the smallest value on. */
    readonly steps: readonly { readonly color: string; readonly value: number | null }[];
  };
  readonly custom?: {
    readonly stacking: { readonly mode: "normal" | "none" };
    readonly thresholdsStyle: { readonly mode: "off" | "line" };
  };
}

/** What is chosen at the top of a dashboard, by the variable's name. */
export type Chosen = Readonly<Record<string, string>>;

/** A query as Grafana sends it. */
export function asSent(query: string, chosen: Chosen, rateInterval = "1m"): string {
  return query
    .replaceAll("$__rate_interval", rateInterval)
    .replaceAll(/\$(host|domain)\b/g, (_, name: string) => chosen[name] ?? "");
}
