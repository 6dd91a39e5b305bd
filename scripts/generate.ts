/**
 * Writes every file that derives from the sources; with --check it writes nothing and fails when one differs.
 * Adding a generated file is adding its row.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { PRESET_NAMES } from "../src/config/presets.ts";
import { renderAlertsDoc } from "./generate/alerts-doc.ts";
import { renderAlerts } from "./generate/alerts/render.ts";
import { renderChart, renderValuesSchema } from "./generate/chart.ts";
import { renderCheckDoc } from "./generate/check-doc.ts";
import { renderConfigDoc } from "./generate/config-doc.ts";
import { DASHBOARD_NAMES, renderDashboard } from "./generate/dashboards/render.ts";
import { renderDestination, renderDestinations } from "./generate/destinations/render.ts";
import { renderErrorsDoc } from "./generate/errors-doc.ts";
import { renderMetricsDoc } from "./generate/metrics-doc.ts";
import { renderCeilometerDoc } from "./generate/migration/ceilometer.ts";
import { renderCollectdDoc } from "./generate/migration/collectd.ts";
import { renderLibvirtExporterDoc } from "./generate/migration/libvirt-exporter.ts";
import { renderTelegrafDoc } from "./generate/migration/telegraf.ts";
import { NAMING_NAMES } from "./generate/promql/namings.ts";
import { renderSchema } from "./generate/schema.ts";
import { renderTopDoc } from "./generate/top-doc.ts";

const GENERATED: Readonly<Record<string, () => string>> = {
  "config/kvmeter.schema.json": renderSchema,
  ...Object.fromEntries(NAMING_NAMES.map((name) => [`config/alerts/${name}.yaml`, () => renderAlerts(name)])),
  ...Object.fromEntries(
    NAMING_NAMES.flatMap((naming) =>
      DASHBOARD_NAMES.map((name) => [
        `config/dashboards/${naming}/${name}.json`,
        () => renderDashboard(name, naming),
      ]),
    ),
  ),
  "deploy/helm/kvmeter/Chart.yaml": renderChart,
  "deploy/helm/kvmeter/values.schema.json": renderValuesSchema,
  "docs/alerts.md": renderAlertsDoc,
  "docs/check.md": renderCheckDoc,
  "docs/config.md": renderConfigDoc,
  "docs/destinations/README.md": renderDestinations,
  ...Object.fromEntries(
    PRESET_NAMES.map((name) => [`docs/destinations/${name}.md`, () => renderDestination(name)]),
  ),
  "docs/errors.md": renderErrorsDoc,
  "docs/metrics.md": renderMetricsDoc,
  "docs/migration/ceilometer.md": renderCeilometerDoc,
  "docs/migration/collectd.md": renderCollectdDoc,
  "docs/migration/libvirt-exporter.md": renderLibvirtExporterDoc,
  "docs/migration/telegraf.md": renderTelegrafDoc,
  "docs/top.md": renderTopDoc,
};

const checkOnly = process.argv.includes("--check");
const stale: string[] = [];
for (const [path, render] of Object.entries(GENERATED)) {
  const text = render();
  if (readOrEmpty(path) === text) continue;
  if (checkOnly) stale.push(path);
  else write(path, text);
}
if (stale.length > 0) {
  console.error(`Out of date: ${stale.join(", ")}. Run npm run generate and commit the result.`);
  process.exit(1);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
