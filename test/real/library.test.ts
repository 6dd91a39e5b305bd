/** The examples run as their comments say: the library on the SDK through a real Collector, and the client alone. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import type { JsonMetric, JsonResource } from "../../src/metrics/json.ts";
import { selectRows } from "../../src/metrics/selection.ts";
import { compare } from "../domstats/compare.ts";
import { type Collector, startCollector } from "./bed/collector.ts";
import { bootGuests, pausedDomains, type TestDomain, waitUntilBooted } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd } from "./bed/libvirtd.ts";
import { repositoryRoot } from "./bed/parts.ts";
import { run, waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { resourcesOf } from "./exported.ts";
import { readOnlyUri } from "./kvmeter.ts";
import { virshDomains } from "./sandwich.ts";

after(takeDownOwned);

/** Runs an example as its comment says, and gives what it prints. */
function runExample(name: string, args: readonly string[], endpoint = ""): Promise<string> {
  const example = ["--conditions=kvmeter-source", join(repositoryRoot, "examples", name), ...args];
  const environment = [`OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`, "OTEL_EXPORTER_OTLP_INSECURE=true"];
  return run("/usr/bin/env", [...environment, process.execPath, ...example]);
}

/** The points of one domain, told apart by the attributes that stand on every point, and without these. */
function ofDomain(all: readonly JsonResource[], uuid: string): JsonResource {
  const metrics: Record<string, JsonMetric> = {};
  for (const [name, metric] of all.flatMap((resource) => Object.entries(resource.metrics))) {
    const points = metric.points
      .filter(({ attributes }) => attributes["libvirt.domain.uuid"] === uuid)
      .map((point) => {
        const { "libvirt.domain.uuid": _, "libvirt.domain.name": __, ...attributes } = point.attributes;
        return Object.assign(point, { attributes });
      });
    if (points.length > 0) metrics[name] = { ...metric, points };
  }
  return { resource: all[0]?.resource ?? {}, metrics };
}

async function libraryEqualsVirsh(
  daemon: Libvirtd,
  collector: Collector,
  { paused, guest }: { paused: readonly TestDomain[]; guest: TestDomain },
): Promise<void> {
  const before = await virshDomains(daemon);
  const printed = await runExample(
    "library.ts",
    [readOnlyUri(daemon), "1"],
    `http://${collector.grpcEndpoint}`,
  );
  const after = await virshDomains(daemon);
  assert.match(printed, /^pushed the domains of /);
  const batches = await waitFor(
    async () => {
      const resources = resourcesOf(await collector.readExported());
      return resources.length > 0 && resources;
    },
    { what: "the SDK's metrics in the collector's file" },
  );
  // Shutting down, the SDK collects once more: the last batch is whole, whatever came before it.
  const last = batches.slice(-1);
  assert.equal(last[0]?.resource["service.name"], "my-service");
  assert.equal(last[0]?.resource["host.name"], (await daemon.virsh(["hostname"])).trim());
  const selection = { enable: ["libvirt.domain.vcpu.status"], disable: ["libvirt.domain.perf.*"] };
  const rows = selectRows(DOMAIN_ROWS, selection).filter(({ kind }) => kind !== "histogram");
  for (const domain of [...paused, guest]) {
    const [first, second] = [before.get(domain.name), after.get(domain.name)];
    assert.ok(first && second);
    const options = { before: first, after: second, rows, gaugesAreFree: domain === guest };
    assert.deepEqual(compare(ofDomain(last, domain.uuid), options), [], domain.name);
  }
}

test(
  "the examples against a real libvirtd",
  { skip: await skipWithout("libvirtd", "guests", "collector"), timeout: 120_000 },
  async (t) => {
    const daemon = await startHostLibvirtd();
    const guests = await bootGuests(daemon, 1);
    const paused = [
      ...(await pausedDomains(daemon, 1, { disks: 12, nics: 12, vcpus: 16 })),
      ...(await pausedDomains(daemon, 1, { disks: 0, nics: 0, vcpus: 1 })),
    ];
    await waitUntilBooted(daemon, guests);
    const [guest] = guests;
    assert.ok(guest);
    await t.test("examples/library.ts pushes virsh's values through a collector", async () => {
      await libraryEqualsVirsh(daemon, await startCollector(), { paused, guest });
    });
    await t.test("examples/libvirt-client.ts shows CPU use and events", async () => {
      const running = runExample("libvirt-client.ts", [readOnlyUri(daemon), "4"]);
      await daemon.virsh(["suspend", guest.uuid]);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await daemon.virsh(["resume", guest.uuid]);
      const printed = await running;
      const hostName = (await daemon.virsh(["hostname"])).trim();
      assert.ok(printed.startsWith(`${hostName}, libvirt 9`), printed);
      assert.ok(printed.includes(daemon.readOnlySocketPath));
      assert.match(printed, new RegExp(`^${guest.name}: \\d\\.\\d\\d CPUs$`, "m"));
      assert.match(printed, new RegExp(`^${guest.name}: resumed$`, "m"));
    });
  },
);
