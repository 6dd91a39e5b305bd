/** Reads the host's network from the folders named, and prints what was read and what was said of containers. */
import { systemClock } from "../../src/clock.ts";
import { hostReaders } from "../../src/readings/host-scopes.ts";
import { HostSource } from "../../src/readings/host-source.ts";

const [procfs = "/proc", sysfs = "/sys"] = process.argv.slice(2);
const notes: string[] = [];
const source = new HostSource({
  procfs,
  sysfs,
  readers: hostReaders({ taps: false }).filter(({ name }) => name === "network"),
  clock: systemClock,
  onAbsent: () => undefined,
  onContainer: (note) => void notes.push(note),
});
await source.read(new AbortController().signal);
const { statistics } = await source.read(new AbortController().signal);
const interfaces = statistics.items.hostNic?.map(({ path }) => path[0]);
process.stdout.write(JSON.stringify({ interfaces, notes }));
