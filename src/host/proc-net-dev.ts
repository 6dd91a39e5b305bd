/**
 * The host's network interfaces. /proc/net/dev is that of the reader's network namespace; the host's is that of process 1,
 * which also a container sees rightly that has the host's /proc mounted elsewhere.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { netDevNumbers, readNetDev } from "./proc-pid-net-dev.ts";
import { isTap } from "./sysfs-net.ts";

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
        readNetDev(path, { onFault }, (name, numbers) => {
          if (isLeftOut(name)) return true;
          const values = netDevNumbers(numbers);
          if (values !== undefined) nics.push(item([name], { ...values }));
          return values !== undefined;
        });
      // Not there where /proc is mounted with hidepid; then the reader's own is most likely the host's.
      if (!(await read(`${procfs}/1/net/dev`)) && !(await read(`${procfs}/net/dev`))) return undefined;
      taps = seen;
      return { hostNic: nics };
    },
  } as const satisfies HostReader;
}
