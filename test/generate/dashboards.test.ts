import assert from "node:assert/strict";
import { test } from "node:test";

import type { Dashboard } from "../../scripts/generate/dashboards/dashboard.ts";
import { DASHBOARD_NAMES, DASHBOARDS, renderDashboard } from "../../scripts/generate/dashboards/render.ts";
import { isLabelOf } from "../../scripts/generate/promql/known-names.ts";
import { metricsOf } from "../../scripts/generate/promql/translate.ts";
import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Model {
  readonly uid: string;
  readonly panels: readonly { readonly id: number; readonly gridPos: Place }[];
}

const overlap = (a: Place, b: Place): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Their series begin with the first thing that they count. */
const BEGIN_AT_ONE = new Set(["libvirt.domain.events", "libvirt.domain.migrations"]);

/** Up to two minutes lie between their values: as often as the guest's driver tells. */
const SLOW = new Set(DOMAIN_ROWS.filter(({ scope }) => scope === "balloon").map(({ name }) => name));

for (const name of DASHBOARD_NAMES) {
  const dashboard: Dashboard = DASHBOARDS[name];

  test(`${name}: legends speak of labels that the series have`, () => {
    for (const { title, kind, queries } of dashboard.rows.flatMap(({ panels }) => panels)) {
      for (const { query, legend } of queries) {
        const metrics = metricsOf(query);
        assert.ok(metrics.length > 0, `${title} asks for nothing`);
        const labels = [...legend.matchAll(/\{([a-z_.]+)\}/g)].map(([, label = ""]) => label);
        for (const label of labels) assert.ok(isLabelOf(label, metrics), `${title}: ${label}`);
        if (kind === "time") assert.notEqual(legend, "", title);
      }
    }
  });

  test(`${name}: the first of its kind is seen`, () => {
    for (const { query } of dashboard.rows.flatMap(({ panels }) =>
      panels.flatMap(({ queries }) => queries),
    )) {
      const beginsAtOne = metricsOf(query).some((metric) => BEGIN_AT_ONE.has(metric.name));
      if (beginsAtOne) assert.doesNotMatch(query, /\b(?:increase|rate|irate|delta)\(/);
    }
  });

  test(`${name}: what is read seldom has a growth, too`, () => {
    for (const { query } of dashboard.rows.flatMap(({ panels }) =>
      panels.flatMap(({ queries }) => queries),
    )) {
      const isSlow = metricsOf(query).some((metric) => SLOW.has(metric.name));
      if (isSlow && query.includes("rate(")) assert.match(query, /\n {2}or rate\(.*\[5m\]\)$/);
    }
  });

  test(`${name}: panels have a place and a number of their own`, () => {
    const { uid, panels } = JSON.parse(renderDashboard(name, "prometheus")) as Model;
    assert.equal(uid, `kvmeter-${name}`);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [index, { gridPos }] of panels.entries()) {
      assert.ok(gridPos.x + gridPos.w <= 24, `panel ${index}`);
      assert.ok(
        panels.slice(0, index).every((other) => !overlap(gridPos, other.gridPos)),
        `panel ${index}`,
      );
    }
  });
}
