/** Every panel of every dashboard shows something of real guests, in the names of each kind of backend. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Dashboard } from "../../scripts/generate/dashboards/dashboard.ts";
import {
  DASHBOARD_NAMES,
  type DashboardName,
  DASHBOARDS,
  renderDashboard,
} from "../../scripts/generate/dashboards/render.ts";
import { PENDING_ROWS } from "../../scripts/generate/promql/pending-rows.ts";
import { metricsOf } from "../../scripts/generate/promql/translate.ts";
import { bootGuests, pausedDomains, qemuPid, type TestDomain, waitUntilBooted } from "./bed/guests.ts";
import { imageDirectory } from "./bed/libvirtd-flavours.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "./bed/victoriametrics.ts";
import { asSent, type Chosen, type DashboardModel } from "./dashboard-queries.ts";
import { readOnlyUri, startKvmeter, withConfiguration } from "./kvmeter.ts";

after(takeDownOwned);

const CYCLES_MS = 20_000;

/** Has something for a moment only, which is over when it is looked for: it is looked for in all of the time. */
const MOMENTARY: ReadonlySet<string> = new Set(["What happens to it: Jobs, such as migrations"]);

const PENDING = new Set(PENDING_ROWS.map(({ name }) => name));

/** Titles of the panels over rows that the table does not have yet. */
function pendingPanels({ rows }: Dashboard): Set<string> {
  const panels = rows.flatMap((row) =>
    row.panels.map((panel) => ({ panel, id: `${row.title}: ${panel.title}` })),
  );
  const pending = panels.filter(({ panel: { queries } }) =>
    queries.some(({ query }) => metricsOf(query).some(({ name }) => PENDING.has(name))),
  );
  return new Set(pending.map(({ id }) => id));
}

async function emptyQueries(
  victoria: VictoriaMetrics,
  { panels }: DashboardModel,
  chosen: Chosen,
): Promise<string[]> {
  const empty: string[] = [];
  let row = "";
  for (const { type, title, targets = [] } of panels) {
    if (type === "row") row = title;
    for (const { expr, legendFormat } of targets) {
      const query = asSent(expr, chosen);
      const isMomentary = MOMENTARY.has(`${row}: ${title}`);
      const found = await victoria.query(isMomentary ? `last_over_time((${query})[5m:1s])` : query);
      const labels = [...legendFormat.matchAll(/\{\{(.+?)\}\}/g)].map(([, label = ""]) => label);
      // "or vector(0)" has no labels, and says that there is nothing.
      const named = found.filter(({ metric }) => labels.every((label) => label in metric));
      if (found.length === 0 || (named.length === 0 && !expr.includes("vector(0)")))
        empty.push(`${row}: ${title}`);
    }
  }
  return empty;
}

/** The choices that a variable offers, as Grafana cuts them out of the series. */
async function choices(
  victoria: VictoriaMetrics,
  { templating }: DashboardModel,
  { name, chosen = {} }: { name: string; chosen?: Chosen },
): Promise<string[]> {
  const variable = templating.list.find((one) => one.name === name);
  const { query = "" } = (variable?.query ?? {}) as { query?: string };
  const series = await victoria.query(asSent(/^query_result\((.*)\)$/s.exec(query)?.[1] ?? "", chosen));
  const pattern = new RegExp(variable?.regex?.slice(1, -1) ?? "");
  return series.map(({ metric }) => {
    const labels = Object.entries(metric).map(([label, value]) => `${label}="${value}"`);
    return pattern.exec(`{${labels.join(",")}} 1 1`)?.[1] ?? "";
  });
}

function configuration(daemons: readonly Libvirtd[], backends: readonly VictoriaMetrics[]): string {
  return `
libvirt:
${daemons.map((daemon) => `  - uri: ${readOnlyUri(daemon)}`).join("\n")}
interval: 1s
export:
${backends.map(({ url }) => `  - { preset: victoriametrics, endpoint: "${url}" }`).join("\n")}
`;
}

/** Gives a guest a job again and again, until a cycle of the agent falls into one. */
async function dumpUntilSeen(
  { virsh, root }: Libvirtd,
  { uuid }: TestDomain,
  victoria: VictoriaMetrics,
): Promise<void> {
  const dump = join(imageDirectory, `dump-${process.pid}`);
  const seen = async () => {
    await virsh(["dump", uuid, dump, "--memory-only"]);
    await victoria.flush();
    const found = await victoria.query(`last_over_time({__name__="libvirt.domain.job.progress"}[5m])`);
    return found.length > 0;
  };
  await waitFor(seen, { what: "a cycle within a job", timeoutMs: 60_000, everyMs: 1 });
  await rm(join(root, dump));
}

test(
  "every panel has data of real guests",
  { skip: await skipWithout("libvirtd", "newer-libvirtd", "guests", "victoriametrics"), timeout: 300_000 },
  async (t) => {
    const daemons = [await startHostLibvirtd(), await startNewerLibvirtd()] as const;
    const [host, newer] = daemons;
    const guests = await bootGuests(newer, 2);
    const [shown] = guests;
    const [hung] = await pausedDomains(host, 1, { disks: 1, nics: 1, vcpus: 1 });
    assert.ok(hung !== undefined && shown !== undefined);
    await waitUntilBooted(newer, guests);
    const backends = {
      victoriametrics: await startVictoriaMetrics(),
      "victoriametrics-prometheus-naming": await startVictoriaMetrics(["-opentelemetry.usePrometheusNaming"]),
    } as const;
    const all = Object.values(backends);
    const pid = await qemuPid(host, hung);
    await host.virsh(["pool-create-as", "images", "dir", "--target", imageDirectory]);
    t.after(() => host.virsh(["pool-destroy", "images"]).catch(() => undefined));
    await withConfiguration(configuration(daemons, all), async (file) => {
      const agent = startKvmeter(["run", "-c", file]);
      await sleep(CYCLES_MS / 2);
      process.kill(pid, "SIGSTOP");
      await newer.virsh(["suspend", shown.uuid]);
      await newer.virsh(["resume", shown.uuid]);
      await dumpUntilSeen(newer, shown, backends.victoriametrics);
      await sleep(CYCLES_MS / 2);
      for (const backend of all) await backend.flush();
      await sleep(1100);
      for (const backend of all) await backend.flush();
      for (const [naming, victoria] of Object.entries(backends)) {
        const modelOf = (name: DashboardName) =>
          JSON.parse(renderDashboard(name, naming as keyof typeof backends)) as DashboardModel;
        const hosts = await choices(victoria, modelOf("host"), { name: "host" });
        const chosen = { host: hosts[0] ?? "", domain: shown.name };
        for (const name of DASHBOARD_NAMES) {
          await t.test(`${name}, ${naming}`, async () => {
            const allowed = pendingPanels(DASHBOARDS[name]);
            const empty = await emptyQueries(victoria, modelOf(name), chosen);
            assert.deepEqual(
              empty.filter((id) => !allowed.has(id)),
              [],
            );
          });
        }
        await t.test(`the VM that hangs is counted, ${naming}`, async () => {
          const panel = modelOf("fleet").panels.find(({ title }) => title === "VMs that do not answer");
          const [sample] = await victoria.query(asSent(panel?.targets?.[0]?.expr ?? "", chosen));
          assert.equal(sample?.value[1], "1");
        });
        await t.test(`host and VM are chosen by name, ${naming}`, async () => {
          assert.deepEqual(hosts, [hostname()]);
          const names = await choices(victoria, modelOf("domain"), { name: "domain", chosen });
          assert.deepEqual(names.toSorted(), [hung, ...guests].map((one) => one.name).toSorted());
        });
      }
      process.kill(pid, "SIGCONT");
      await agent.stop();
    });
  },
);
