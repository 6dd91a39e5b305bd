import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { renderDashboard } from "../../scripts/generate/dashboards/render.ts";
import { draw } from "../../scripts/picture/draw.ts";
import type { DashboardModel, DashboardPanel } from "../real/dashboard-queries.ts";

const MODEL = JSON.parse(renderDashboard("domain", "victoriametrics")) as DashboardModel;

function panel(title: string): DashboardPanel {
  const found = MODEL.panels.find((one) => one.title === title);
  assert.ok(found);
  return found;
}

function titlesOf(svg: string, kind: string): string[] {
  return [...svg.matchAll(new RegExp(`class="${kind}">([^<]*)<`, "g"))].map(([, title = ""]) =>
    title.replaceAll("&apos;", "'"),
  );
}

function titlesIn(rows: readonly string[]): string[] {
  let row = "";
  return MODEL.panels.flatMap(({ type, title }) => {
    if (type === "row") row = title;
    return type !== "row" && rows.includes(row) ? [title] : [];
  });
}

function heightOf(rows: readonly string[]): number {
  return Number(/ height="(\d+)"/.exec(draw({ model: MODEL, rows, about: "", data: new Map() }))?.[1]);
}

test("the picture in README.md is one of the dashboard as it is now", () => {
  const svg = readFileSync(join(import.meta.dirname, "../../docs/pictures/dashboard-vm.svg"), "utf8");
  const rows = titlesOf(svg, "row");
  assert.ok(rows.length > 2);
  assert.deepEqual(titlesOf(svg, "title"), titlesIn(rows));
  assert.doesNotMatch(svg, /No data|NaN|Infinity/);
});

test("a row that is left out leaves no hole", () => {
  assert.equal(heightOf(["Now", "Disks"]) - heightOf(["Now"]), heightOf(["Disks"]) - heightOf([]));
});

test("where there is no value there is no line", () => {
  const data = new Map([
    [
      panel("Share of its vCPUs"),
      { times: [0, 5, 10, 15, 20], series: [{ name: "CPU", values: [0.1, 0.2, undefined, 0.3, 0.4] }] },
    ],
  ]);
  const svg = draw({ model: MODEL, rows: ["CPU"], about: "", data });
  const [, path = ""] = /class="line c0" d="([^"]*)"/.exec(svg) ?? [];
  assert.equal(path.split("M").length - 1, 2);
  assert.match(svg, /CPU: 40\.0 %/);
  assert.match(svg, /No data/);
});

test("a value is large, in the colour of the threshold that it has reached", () => {
  const data = new Map([[panel("CPU"), { times: [0], series: [{ name: "", values: [0.9] }] }]]);
  assert.match(draw({ model: MODEL, rows: ["Now"], about: "", data }), /class="big yellow">90\.0 %</);
});
