/**
 * What libvirt's bulk statistics have of vNICs, from where libvirt itself takes it: virNetDevTapInterfaceStats reads all of
 * /proc/net/dev once for each vNIC, so that asking it of a thousand of them reads a million lines. Here the file is read
 * once for all. Fields and their order are those of qemuDomainGetStatsInterface, which 9.0 and 12.8 agree on.
 */
import type { Instant } from "../clock.ts";
import type { NetDevNumbers } from "../host/proc-pid-net-dev.ts";
import type { NicDescription } from "./domain.ts";
import type { DomainStatistics, StatisticsItem } from "./statistics.ts";

/**
 * Interfaces that are taps, of which what the host transmits is what the guest receives. A macvtap (direct) shares the
 * host's view, and of vhost-user it is Open vSwitch that knows: these are libvirt's to tell.
 */
const TAP_TYPES: ReadonlySet<string | undefined> = new Set(["bridge", "network", "ethernet"]);

/** A domain's group interface; undefined where libvirt has to be asked for any of its vNICs. */
export function tapStatistics(
  nics: readonly NicDescription[],
  interfaces: ReadonlyMap<string, NetDevNumbers>,
  at: Instant,
): DomainStatistics | undefined {
  const items: StatisticsItem<"nic">[] = [];
  for (const { number, type, target } of nics) {
    // Nothing of it is on the host, so libvirt has nothing to tell of it either.
    if (target === undefined) continue;
    const tap = TAP_TYPES.has(type) ? interfaces.get(target) : undefined;
    if (tap === undefined) return undefined;
    items.push({ path: [number], parent: undefined, values: { name: target, ...asGuestSees(tap) } });
  }
  return {
    readAt: { interface: at },
    items: {
      nicCount: [{ path: [], parent: undefined, values: { nics: nics.length } }],
      nic: items,
    },
  };
}

function asGuestSees(tap: NetDevNumbers): NetDevNumbers {
  return {
    receivedBytes: tap.transmittedBytes,
    receivedPackets: tap.transmittedPackets,
    receiveErrors: tap.transmitErrors,
    receiveDrops: tap.transmitDrops,
    transmittedBytes: tap.receivedBytes,
    transmittedPackets: tap.receivedPackets,
    transmitErrors: tap.receiveErrors,
    transmitDrops: tap.receiveDrops,
  };
}
