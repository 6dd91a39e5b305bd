// Keeps the bed's daemons and some domains up for use by hand:
//   node test/real/bed/cli.ts up [host|newer …]    node test/real/bed/cli.ts down [name …]    … status
import { bootGuests, defineInactive, pausedDomains, waitUntilBooted } from "./guests.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./libvirtd.ts";
import { missingParts } from "./parts.ts";
import { keepWhatIsStarted, recordNames, takeDown } from "./records.ts";

const shapes = [
  { disks: 0, nics: 0, vcpus: 1 },
  { disks: 1, nics: 1, vcpus: 16 },
  { disks: 12, nics: 12, vcpus: 1 },
  { disks: 1, nics: 0, vcpus: 1, cdrom: true },
  { disks: 0, nics: 1, vcpus: 2 },
];

async function furnish(daemon: Libvirtd): Promise<void> {
  try {
    await addDomains(daemon);
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

async function addDomains(daemon: Libvirtd): Promise<void> {
  const guests = await bootGuests(daemon, 2);
  for (const shape of shapes) await pausedDomains(daemon, 1, shape);
  await defineInactive(daemon);
  await waitUntilBooted(daemon, guests);
  console.log(
    `${daemon.name}: libvirt ${daemon.version}, ${daemon.uri}, read-only socket ${daemon.readOnlySocketPath}`,
  );
  console.log(await daemon.virsh(["list", "--all"]));
}

async function up(which: readonly string[]): Promise<void> {
  const missing = await missingParts();
  for (const reason of missing) console.log(reason);
  keepWhatIsStarted();
  if (which.includes("host")) await furnish(await startHostLibvirtd());
  if (which.includes("newer")) await furnish(await startNewerLibvirtd());
}

async function down(names: readonly string[]): Promise<void> {
  for (const name of names.length > 0 ? names : recordNames()) {
    await takeDown(name);
    console.log(`${name} is down`);
  }
}

const [command, ...names] = process.argv.slice(2);
if (command === "up") await up(names.length > 0 ? names : ["host", "newer"]);
else if (command === "down") await down(names);
else if (command === "status") console.log(recordNames().join("\n") || "nothing is up");
else {
  console.error("usage: cli.ts up [host] [newer] | down [name …] | status");
  process.exitCode = 2;
}
