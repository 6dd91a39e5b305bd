import type { Instant } from "../clock.ts";
import type { Integer } from "../integer.ts";

/** What is read of a hypervisor beside its domains. */
export type InventoryPart = "node" | "pools" | "networks" | "leases";

/** The hypervisor's hardware. */
export interface NodeReading {
  readonly at: Instant;
  /** CPUs that are online. */
  readonly cpus: number;
  readonly memoryKiB: Integer;
}

/** One storage pool that could be read. */
export interface StoragePoolReading {
  readonly name: string;
  readonly at: Instant;
  /** virStoragePoolState */
  readonly state: number;
  /** Undefined of a pool that is not active or whose kind has no size. */
  readonly space:
    | {
        readonly capacityBytes: Integer;
        readonly allocationBytes: Integer;
        readonly availableBytes: Integer;
      }
    | undefined;
}

/** One network. */
export interface NetworkReading {
  readonly name: string;
  readonly at: Instant;
  readonly active: boolean;
  /** Leases of its DHCP server that hold; undefined where they could not be read. */
  readonly leases: number | undefined;
}

/** What one round brought. A part that could not be read, or was not wanted, is undefined. */
export interface InventoryReading {
  /** When the round was done. */
  readonly at: Instant;
  /** How long until there is likely a newer one. */
  readonly intervalMs: number;
  readonly node: NodeReading | undefined;
  readonly pools: readonly StoragePoolReading[] | undefined;
  /** Is any pool missing from them because it could not be read? */
  readonly lacksPools: boolean;
  readonly networks: readonly NetworkReading[] | undefined;
}
