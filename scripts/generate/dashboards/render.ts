import { NAMINGS, type Naming, type NamingName } from "../promql/namings.ts";
import { translate, withLabels } from "../promql/translate.ts";
import type { Dashboard, Panel, Variable } from "./dashboard.ts";
import { DOMAIN_DASHBOARD } from "./domain.ts";
import { FLEET_DASHBOARD } from "./fleet.ts";
import { HOST_DASHBOARD } from "./host.ts";

/** Every dashboard, by the name of its file. */
export const DASHBOARDS = {
  fleet: FLEET_DASHBOARD,
  host: HOST_DASHBOARD,
  domain: DOMAIN_DASHBOARD,
} as const satisfies Readonly<Record<string, Dashboard>>;

export type DashboardName = keyof typeof DASHBOARDS;

export const DASHBOARD_NAMES = Object.keys(DASHBOARDS) as DashboardName[];

const COLUMNS = 24;
const PANEL_HEIGHT = 8;
const NOW_HEIGHT = 4;
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** config/dashboards/<naming>/<name>.json: a dashboard as Grafana imports it. */
export function renderDashboard(name: DashboardName, namingName: NamingName): string {
  const dashboard: Dashboard = DASHBOARDS[name];
  const naming = NAMINGS[namingName];
  const model = {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.about,
    tags: ["kvmeter"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    links: [
      {
        type: "dashboards",
        title: "kvmeter",
        tags: ["kvmeter"],
        keepTime: true,
        includeVars: true,
        asDropdown: false,
      },
    ],
    templating: { list: [datasourceVariable(), ...dashboard.variables.map((one) => variable(one, naming))] },
    panels: laidOut(dashboard, naming),
  };
  return `${JSON.stringify(model, undefined, 2)}\n`;
}

function datasourceVariable() {
  return { type: "datasource", name: "datasource", label: "Data source", query: "prometheus", refresh: 1 };
}

/** Grafana's own label_values() takes no label with a dot, so the values are cut out of the series. */
function variable({ name, title, label, query, several }: Variable, naming: Naming) {
  const own = `group by ("${label}") (${query})`;
  return {
    type: "query",
    name,
    label: title,
    datasource: DATASOURCE,
    query: { query: `query_result(${translate(own, naming)})`, refId: name },
    // The only label; a domain's name may have quotes in it, which are not escaped here.
    regex: '/="(.*)"\\} /',
    refresh: 2,
    sort: 1,
    multi: several,
    includeAll: several,
    ...(several ? { allValue: ".*", current: { text: "All", value: "$__all" } } : {}),
  };
}

/** From left to right, and a new line where the next one does not fit. */
function laidOut({ rows }: Dashboard, naming: Naming): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row.title,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? (panel.kind === "now" ? 4 : 12);
      const h = panel.kind === "now" ? NOW_HEIGHT : PANEL_HEIGHT;
      if (x + w > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      panels.push({ id: panels.length + 1, gridPos: { x, y, w, h }, ...panelOf(panel, naming) });
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return panels;
}

function panelOf(panel: Panel, naming: Naming): object {
  return {
    type: { time: "timeseries", now: "stat", table: "table" }[panel.kind],
    title: panel.title,
    ...(panel.about === undefined ? {} : { description: panel.about }),
    datasource: DATASOURCE,
    targets: panel.queries.map((query, index) => target(panel, { ...query, index, naming })),
    fieldConfig: { defaults: defaults(panel), overrides: [] },
    options: options(panel),
    ...(panel.kind === "table" ? { transformations: asTable(panel, naming) } : {}),
  };
}

function target(
  { kind }: Panel,
  { query, legend, index, naming }: { query: string; legend: string; index: number; naming: Naming },
): object {
  return {
    refId: letter(index),
    datasource: DATASOURCE,
    expr: translate(query, naming),
    legendFormat: withLabels(legend, (label) => `{{${naming.label(label)}}}`),
    ...(kind === "time" ? { range: true } : { instant: true, range: false }),
    ...(kind === "table" ? { format: "table" } : {}),
  };
}

const letter = (index: number): string => String.fromCodePoint(65 + index);

function defaults({ kind, unit, steps, stacked = false }: Panel): object {
  const [warn, bad] = steps ?? [];
  const all = [
    { color: kind === "now" && steps === undefined ? "text" : "green", value: null },
    ...(warn === undefined ? [] : [{ color: "yellow", value: warn }]),
    ...(bad === undefined ? [] : [{ color: "red", value: bad }]),
  ];
  const lines = {
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 5,
    showPoints: "never",
    spanNulls: false,
    stacking: { mode: stacked ? "normal" : "none" },
    thresholdsStyle: { mode: steps === undefined ? "off" : "line" },
  };
  return {
    unit,
    ...(unit === "percentunit" || stacked ? { min: 0 } : {}),
    thresholds: { mode: "absolute", steps: all },
    ...(kind === "time" ? { custom: lines } : {}),
  };
}

function options({ kind, nameOnly = false }: Panel): object {
  if (kind === "table") return { showHeader: true };
  if (kind === "time") {
    return {
      legend: { displayMode: "list", placement: "bottom", calcs: ["lastNotNull"] },
      tooltip: { mode: "multi", sort: "desc" },
    };
  }
  return {
    colorMode: "value",
    textMode: nameOnly ? "name" : "auto",
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
  };
}

/** Columns called after the queries' legends, rows after the labels that the queries have in common. */
function asTable({ queries }: Panel, naming: Naming): object[] {
  const names = queries.map(({ legend }, index) => [`Value #${letter(index)}`, legend]);
  const labels = ["host.name", "libvirt.domain.name"].map((label) => [
    naming.label(label),
    label.split(".").at(-2),
  ]);
  return [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: { excludeByName: { Time: true }, renameByName: Object.fromEntries([...labels, ...names]) },
    },
  ];
}
