/** The real client at the simulator: the whole way, as the agent goes it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  LibvirtError,
  StatsFlags,
  connect,
  controlInfo,
  getAllDomainStats,
  getHostname,
  getLibVersion,
  getState,
  getXmlDesc,
  lifecycle,
  LifecycleEvent,
  listAllDomains,
  nodeGetInfo,
  type LibvirtConnection,
} from "../../src/libvirt/index.ts";
import { parseDomainXml } from "../../src/readings/domain-description.ts";
import { parseFault, type Simulator } from "../../src/simulator/index.ts";
import { collectGarbage } from "../collect-garbage.ts";
import { RawClient, simulate } from "./raw-client.ts";

const NOWAIT = { groups: 0, flags: StatsFlags.nowait } as const;

test("opens, lists, reads statistics and XML", async (t) => {
  const simulator = await simulate(t, { domains: 12 });
  await using connection = await connect(simulator.uri);
  assert.equal(await connection.call(getHostname), "simulated-host");
  assert.equal(await connection.call(getLibVersion), 12_008_000);
  assert.equal((await connection.call(nodeGetInfo)).cpus, 64);
  assert.deepEqual(connection.features, { eventCallbacks: true, closeCallback: true });

  const domains = await connection.call(listAllDomains, { flags: 0 });
  const summaries = simulator.domains();
  assert.deepEqual(
    domains,
    summaries.map(({ name, uuid, id }) => ({ name, uuid, id })),
  );
  const records = await connection.call(getAllDomainStats, { domains, ...NOWAIT });
  assert.deepEqual(
    records.map(({ domain }) => domain),
    domains,
  );
  for (const [index, domain] of domains.entries()) {
    const summary = summaries[index];
    assert.ok(summary !== undefined);
    const xml = parseDomainXml(await connection.call(getXmlDesc, { domain, flags: 0 }));
    assert.deepEqual([xml.uuid, xml.name], [domain.uuid, domain.name]);
    assert.equal(xml.openstack !== undefined, summary.shape.openstack);
    const values = new Map(records[index]?.parameters.map(({ field, value }) => [field, value]));
    assert.equal(values.get("vcpu.current"), summary.shape.vcpus);
    assert.deepEqual(
      xml.nics.map(({ number, target }) => [number, target]),
      xml.nics.map(({ number }) => [number, values.get(`net.${number}.name`)]),
    );
    assert.equal(xml.nics.length, values.get("net.count"));
    assert.deepEqual(
      xml.disks.map(({ target, source }) => [target, source]),
      xml.disks.map((_, number) => [values.get(`block.${number}.name`), values.get(`block.${number}.path`)]),
    );
    assert.equal(xml.disks.length, values.get("block.count"));
    const state = await connection.call(getState, { domain });
    assert.deepEqual([state.state, state.reason], [values.get("state.state"), values.get("state.reason")]);
  }
  const beyond = records[4]?.parameters.find(({ field }) => field === "cpu.time")?.value;
  assert.equal(typeof beyond, "bigint");
});

test("hears of domains that come and go", async (t) => {
  const simulator = await simulate(t);
  await using connection = await connect(simulator.uri);
  const heard: unknown[] = [];
  await connection.subscribe(lifecycle, ({ domain, event, detail }) =>
    heard.push([domain.name, event, detail]),
  );
  const { uuid } = simulator.createDomain({ name: "born" });
  simulator.destroyDomain(uuid);
  await connection.call(getHostname);
  assert.deepEqual(heard, [
    ["born", LifecycleEvent.started, 0],
    ["born", LifecycleEvent.stopped, 1],
  ]);
});

test("an error reply is an error with libvirt's number", async (t) => {
  const simulator = await simulate(t, { faults: [parseFault("error:GET_XML_DESC:38")] });
  await using connection = await connect(simulator.uri);
  const [domain] = await connection.call(listAllDomains, { flags: 0 });
  assert.ok(domain !== undefined);
  await assert.rejects(
    connection.call(getXmlDesc, { domain, flags: 0 }),
    (error) => error instanceof LibvirtError && error.libvirtCode === 38,
  );
});

for (const [fault, code] of [
  ["cut:CONNECT_LIST_ALL_DOMAINS", "LIBVIRT_DISCONNECTED"],
  ["garbage:CONNECT_LIST_ALL_DOMAINS", "LIBVIRT_PROTOCOL"],
  ["oversize:CONNECT_LIST_ALL_DOMAINS", "LIBVIRT_PROTOCOL"],
  ["malformed:CONNECT_LIST_ALL_DOMAINS", "LIBVIRT_PROTOCOL"],
] as const) {
  test(`${fault} is ${code}`, async (t) => {
    const simulator = await simulate(t, { faults: [parseFault(fault)] });
    await using connection = await connect(simulator.uri);
    await assert.rejects(connection.call(listAllDomains, { flags: 0 }), { code });
  });
}

test("a hung domain costs its own call alone", async (t) => {
  const simulator = await simulate(t, { faults: [parseFault("hang:vm-1")] });
  await using connection = await connect(simulator.uri);
  const domains = await connection.call(listAllDomains, { flags: 0 });
  const [calm, hung] = domains;
  assert.ok(calm !== undefined && hung !== undefined);
  await assert.rejects(
    connection.call(getAllDomainStats, { domains: [hung], ...NOWAIT }, { timeoutMs: 30 }),
    {
      code: "LIBVIRT_DEADLINE",
    },
  );
  assert.equal(connection.abandoned, 1);
  assert.equal((await connection.call(getAllDomainStats, { domains: [calm], ...NOWAIT })).length, 1);
  assert.equal((await connection.call(controlInfo, { domain: hung })).state, 2);
  simulator.clearFault();
  while (connection.abandoned > 0) await connection.call(getHostname);
  assert.equal((await connection.call(controlInfo, { domain: hung })).state, 0);
});

test("a restart ends the connection; another one opens", async (t) => {
  const simulator = await simulate(t);
  const connection = await connect(simulator.uri);
  const restarted = simulator.restart(10);
  assert.equal((await connection.closed)?.code, "LIBVIRT_DISCONNECTED");
  await restarted;
  await using again = await connect(simulator.uri);
  assert.equal((await again.call(listAllDomains, { flags: 0 })).length, 6);
});

/** About the series that the issue of scale is measured with: some 100 for each domain. */
const BENCH_SHAPE = { vcpus: 6, disks: 2, nics: 2, kvm: false } as const;

async function readEverything(connection: LibvirtConnection, simulator: Simulator): Promise<number> {
  const domains = simulator.domains();
  let parameters = 0;
  for (let began = 0; began < domains.length; began += 50) {
    const chunk = domains.slice(began, began + 50);
    const records = await connection.call(getAllDomainStats, {
      domains: chunk,
      groups: 0x3f,
      flags: StatsFlags.nowait,
    });
    assert.equal(records.length, chunk.length);
    for (const record of records) parameters += record.parameters.length;
  }
  return parameters;
}

test("a thousand domains", async (t) => {
  const simulator = await simulate(t, { domains: 1000, shape: BENCH_SHAPE });
  await using connection = await connect(simulator.uri);
  const spentBefore = process.cpuUsage();
  const parameters = await readEverything(connection, simulator);
  const { user, system } = process.cpuUsage(spentBefore);
  assert.ok(parameters >= 90_000, `${parameters} parameters`);
  // Client and simulator together, with room for a slow machine.
  assert.ok(user + system < 3e6, `${(user + system) / 1e3} ms of CPU`);
});

test("two thousand domains come and go and leave nothing behind", async (t) => {
  const simulator = await simulate(t, { domains: 2 });
  const client = await RawClient.open(simulator.socketPath);
  t.after(() => client.socket.destroy());
  const churn = async (rounds: number): Promise<number> => {
    for (let round = 0; round < rounds; round++) {
      const { uuid } = simulator.createDomain();
      if (round % 100 === 0) assert.equal((await client.statistics()).length, 3);
      simulator.destroyDomain(uuid);
    }
    client.messages.length = 0;
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await churn(100);
  const grownBytes = (await churn(2000)) - before;
  assert.ok(grownBytes < 1_000_000, `the heap grew by ${grownBytes} bytes`);
});
