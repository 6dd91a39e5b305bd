/**
 * /proc/<pid>/net/dev, what the network interfaces of one process's network namespace have done.
 * https://docs.kernel.org/networking/statistics.html and net/core/net-procfs.c
 *
 *     Inter-|   Receive                                                |  Transmit
 *      face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
 *       eth0: 4061384    7021    0    0    0     0          0         0   790210    5010    0    0    0     0       0          0
 *
 * /proc/net/dev is that of the reader. The host's are those of process 1, which also a container sees rightly that has
 * the host's /proc mounted elsewhere.
 */
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";
import { isTap } from "./sysfs-net.ts";

const LIMIT_BYTES = 4_194_304;

/** Its two first lines are the head of a table. */
const HEAD = /^(?:Inter-| face )\|/;

const COLUMNS: readonly (string | undefined)[] = [
  "receivedBytes",
  "receivedPackets",
  "receiveErrors",
  "receiveDrops",
  undefined,
  undefined,
  undefined,
  undefined,
  "transmittedBytes",
  "transmittedPackets",
  "transmitErrors",
  "transmitDrops",
];

/** The host's network interfaces, without the taps of domains, which are counted as the domains'. */
export const procNetDev = createNetDevReader({ withTaps: false });

/** The same, or with the taps of domains; each reader remembers for itself which they are. */
export function createNetDevReader({ withTaps }: { readonly withTaps: boolean }) {
  /** Which interfaces are taps. What an interface is does not change while it is there. */
  let taps: ReadonlyMap<string, boolean> = new Map();
  return {
    name: "network",
    file: "{procfs}/1/net/dev",
    needs: "a mounted /proc",
    scopes: {
      hostNic: {
        group: "network",
        fields: {
          receivedBytes: field("/proc/net/dev receive bytes", "By"),
          receivedPackets: field("/proc/net/dev receive packets", "count"),
          receiveErrors: field("/proc/net/dev receive errs", "count"),
          receiveDrops: field("/proc/net/dev receive drop", "count"),
          transmittedBytes: field("/proc/net/dev transmit bytes", "By"),
          transmittedPackets: field("/proc/net/dev transmit packets", "count"),
          transmitErrors: field("/proc/net/dev transmit errs", "count"),
          transmitDrops: field("/proc/net/dev transmit drop", "count"),
        },
      },
    },
    async read({ procfs, sysfs, onFault }) {
      const nics: HostItem[] = [];
      const seen = new Map<string, boolean>();
      const isLeftOut = (name: string): boolean => {
        if (withTaps) return false;
        const key = `${sysfs} ${name}`;
        const known = taps.get(key) ?? isTap(sysfs, name);
        seen.set(key, known);
        return known;
      };
      const read = (path: string) =>
        readLines({ path, limitBytes: LIMIT_BYTES }, { onFault }, (line) => {
          if (HEAD.test(line)) return undefined;
          const colon = line.lastIndexOf(":");
          const name = line.slice(0, Math.max(colon, 0)).trim();
          if (name !== "" && isLeftOut(name)) return undefined;
          const values = parseNumbers(line.slice(colon + 1));
          if (name === "" || values === undefined) return "not an interface with its numbers";
          nics.push(item([name], values));
          return undefined;
        });
      // Not there where /proc is mounted with hidepid; then the reader's own is most likely the host's.
      if (!(await read(`${procfs}/1/net/dev`)) && !(await read(`${procfs}/net/dev`))) return undefined;
      taps = seen;
      return { hostNic: nics };
    },
  } as const satisfies HostReader;
}

/** The numbers behind the name, which can have a colon in it itself, as that of an alias. */
function parseNumbers(text: string): Record<string, Integer> | undefined {
  const numbers = text.split(" ").filter((part) => part !== "");
  const values: Record<string, Integer> = {};
  for (const [at, key] of COLUMNS.entries()) {
    const value = parseCount(numbers[at]);
    if (value === undefined) return undefined;
    if (key !== undefined) values[key] = value;
  }
  return values;
}
