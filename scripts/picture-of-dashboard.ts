/**
 * Takes the picture of the dashboard of a VM for README.md: two guests of a real libvirtd work for some minutes, the
 * agent sends what it reads to a real VictoriaMetrics, and the queries of the dashboard's own JSON are asked there.
 * Grafana is not part of it: the panels are drawn here. Needs root and what scripts/install-real-parts.sh brings.
 */
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { waitUntilBooted } from "../test/real/bed/guests.ts";
import { startNewerLibvirtd } from "../test/real/bed/libvirtd.ts";
import { repositoryRoot } from "../test/real/bed/parts.ts";
import { takeDownOwned } from "../test/real/bed/records.ts";
import { startVictoriaMetrics } from "../test/real/bed/victoriametrics.ts";
import type { DashboardModel } from "../test/real/dashboard-queries.ts";
import { readOnlyUri, startKvmeter, withConfiguration } from "../test/real/kvmeter.ts";
import { renderDashboard } from "./generate/dashboards/render.ts";
import { DATABASE, NEIGHBOUR } from "./picture/actors.ts";
import { draw } from "./picture/draw.ts";
import { bootActor } from "./picture/guests.ts";
import { queryPanels, type Range } from "./picture/queries.ts";

const PICTURE = join(repositoryRoot, "docs/pictures/dashboard-vm.svg");
/** The whole dashboard is too long for a page that is read from top to bottom. */
const ROWS = ["Now", "CPU", "Disks"];
const INTERVAL_S = 5;
const MINUTES = Number(process.argv[2] ?? 8);

try {
  const daemon = await startNewerLibvirtd();
  const guest = await bootActor(daemon, DATABASE);
  await bootActor(daemon, NEIGHBOUR);
  await waitUntilBooted(daemon, [guest]);
  const victoria = await startVictoriaMetrics();
  const configuration = `
libvirt: [{ uri: "${readOnlyUri(daemon)}" }]
interval: ${INTERVAL_S}s
export: [{ preset: victoriametrics, endpoint: "${victoria.url}" }]
`;
  await withConfiguration(configuration, async (file) => {
    const agent = startKvmeter(["run", "-c", file]);
    // Rates need some cycles before the first one that is shown.
    await sleep(6 * INTERVAL_S * 1000);
    const startS = now();
    await sleep(MINUTES * 60_000);
    await victoria.flush();
    const model = JSON.parse(renderDashboard("domain", "victoriametrics")) as DashboardModel;
    const range = { startS, endS: now(), stepS: 2 * INTERVAL_S };
    const chosen = { host: hostname(), domain: guest.name };
    const data = await queryPanels(model, { url: victoria.url, chosen, intervalS: INTERVAL_S }, range);
    writeFileSync(PICTURE, draw({ model, rows: ROWS, about: about(guest.name, range), data }));
    await agent.stop();
  });
} finally {
  await takeDownOwned();
}

/** On the grid of the samples. */
function now(): number {
  return Math.floor(Date.now() / 1000 / (2 * INTERVAL_S)) * 2 * INTERVAL_S;
}

function about(name: string, { startS, endS }: Range): string {
  const [start, end] = [startS, endS].map((time) => new Date(time * 1000).toISOString().slice(11, 16));
  return `VM ${name}, ${start} to ${end} UTC`;
}
