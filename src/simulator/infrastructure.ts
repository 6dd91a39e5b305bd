import { Random, seedOf } from "./random.ts";
import type { World } from "./world.ts";

/** A storage pool, or a network, of the simulated host. */
export interface Named {
  readonly name: string;
  readonly uuidBytes: Buffer;
  readonly active: boolean;
}

export interface SimulatedPool extends Named {
  readonly capacityBytes: number;
  /** At the world's epoch. */
  readonly allocationBytes: number;
  readonly growthBytesPerS: number;
}

export interface SimulatedNetwork extends Named {
  /** Does libvirt run a DHCP server for it? */
  readonly dhcp: boolean;
}

export interface SimulatedLease {
  readonly mac: string;
  readonly address: string;
  readonly hostname: string;
  readonly expiryS: number;
}

/** What a host has beside its domains. */
export interface Infrastructure {
  readonly pools: readonly SimulatedPool[];
  readonly networks: readonly SimulatedNetwork[];
}

const TIB = 2 ** 40;
const LEASE_S = 3600;
/** Addresses of a /16 that a DHCP server gives. */
const LEASES_LIMIT = 60_000;

/** Two pools that are in use, one that is not, a network with DHCP, a bridged one and one that is off. */
export function infrastructureOf(seed: number): Infrastructure {
  const random = new Random(seedOf(seed, 2_000_000));
  const named = (name: string, active: boolean): Named => {
    const uuidBytes = Buffer.from(random.bytes(16));
    return { name, uuidBytes, active };
  };
  const pool = (name: string, capacityBytes: number, active = true): SimulatedPool => ({
    ...named(name, active),
    capacityBytes,
    allocationBytes: Math.floor(capacityBytes * random.between(0.3, 0.7)),
    growthBytesPerS: Math.floor(random.between(1000, 100_000)),
  });
  return {
    pools: [pool("default", 2 * TIB), pool("nfs-images", 20 * TIB), pool("scratch", TIB, false)],
    networks: [
      { ...named("default", true), dhcp: true },
      { ...named("br0", true), dhcp: false },
      { ...named("isolated", false), dhcp: true },
    ],
  };
}

/** What is taken of a pool at a second of the world. */
export function allocationAt(
  { allocationBytes, growthBytesPerS, capacityBytes }: SimulatedPool,
  tS: number,
): number {
  return Math.min(capacityBytes, allocationBytes + Math.floor(tS * growthBytesPerS));
}

/** One lease for the first NIC of every domain that is started, renewed at half of its time. */
export function leasesOf({ dhcp, active }: SimulatedNetwork, world: World): SimulatedLease[] {
  if (!dhcp || !active) return [];
  const nowS = world.wallS(world.nowS);
  const started = [...world.domains].filter((domain) => domain.active).slice(0, LEASES_LIMIT);
  return started.flatMap(({ name, nics: [nic] }, index) => {
    if (nic === undefined) return [];
    const number = index + 2;
    return {
      mac: nic.mac,
      address: `10.17.${number >> 8}.${number & 255}`,
      hostname: name,
      expiryS: Math.floor(nowS - (nowS % (LEASE_S / 2))) + LEASE_S,
    };
  });
}
