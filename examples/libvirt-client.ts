/**
 * What every running domain does with its CPUs, once a second, and what happens to domains meanwhile.
 *
 *     node_modules/.bin/node --conditions=kvmeter-source examples/libvirt-client.ts [URI] [seconds]
 */

import {
  connect,
  type DomainRef,
  getAllDomainStats,
  getHostname,
  getLibVersion,
  KvmeterError,
  lifecycle,
  LifecycleEvent,
  type LibvirtConnection,
  listAllDomains,
  ListFlags,
  StatsFlags,
  StatsGroups,
} from "kvmeter/libvirt";

interface Look {
  readonly atMs: number;
  /** Nanoseconds of CPU time by uuid. */
  readonly cpuTimeNs: ReadonlyMap<string, number>;
}

async function look(connection: LibvirtConnection, domains: readonly DomainRef[]): Promise<Look> {
  const records = await connection.call(
    getAllDomainStats,
    { domains, groups: StatsGroups.cpu, flags: StatsFlags.nowait },
    { timeoutMs: 1000 },
  );
  const times = records.map(({ domain, parameters }): [string, number] => {
    const time = parameters.find(({ field }) => field === "cpu.time");
    return [domain.uuid, Number(time?.value ?? 0)];
  });
  return { atMs: performance.now(), cpuTimeNs: new Map(times) };
}

const [uri = "qemu:///system", seconds = "5"] = process.argv.slice(2);
const happenings = new Map<number, string>(
  Object.entries(LifecycleEvent).map(([name, number]) => [number, name]),
);

try {
  await using connection = await connect(uri);
  const version = await connection.call(getLibVersion);
  console.log(`${await connection.call(getHostname)}, libvirt ${version}, by ${connection.socketPath}`);
  await connection.subscribe(lifecycle, ({ domain, event }) => {
    console.log(`${domain.name}: ${happenings.get(event) ?? event}`);
  });

  let last: Look | undefined;
  for (let round = 0; round <= Number(seconds); round++) {
    const domains = await connection.call(listAllDomains, { flags: ListFlags.running });
    const current = await look(connection, domains);
    for (const { name, uuid } of domains) {
      const [before, now] = [last?.cpuTimeNs.get(uuid), current.cpuTimeNs.get(uuid)];
      if (last === undefined || before === undefined || now === undefined) continue;
      const cpus = (now - before) / 1e6 / (current.atMs - last.atMs);
      console.log(`${name}: ${cpus.toFixed(2)} CPUs`);
    }
    last = current;
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
  }
} catch (error) {
  if (!(error instanceof KvmeterError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
