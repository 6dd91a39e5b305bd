import type { Instant } from "../clock.ts";
import { multiply } from "../integer.ts";
import type { ConnectionReading } from "../readings/hypervisor-facts.ts";
import type { InventoryReading, NetworkReading, StoragePoolReading } from "../readings/inventory.ts";
import { INVENTORY_METRICS } from "./definitions.ts";
import type { HypervisorMeterOptions } from "./hypervisor-meter.ts";
import { STORAGE_POOL_STATES } from "./libvirt-names.ts";
import type { ResourcePoints } from "./points.ts";
import { hostResource, type ResourceOptions } from "./resources.ts";
import { type TellerOf, ToldMeter, type WaiterOf } from "./told-meter.ts";

type InventoryRow = (typeof INVENTORY_METRICS)[number];
type InventoryName = InventoryRow["name"];

/** How a round is told. */
interface Told {
  readonly value: TellerOf<InventoryRow>;
  readonly wait: WaiterOf<InventoryRow>;
  readonly readAt: (at: Instant) => void;
}

const BYTES_PER_KIB = 1024;

/** A value holds for so many rounds; then it was too long ago. */
const HOLDING_ROUNDS = 3;

const NOTHING: readonly ResourcePoints[] = [];

/** Turns what a hypervisor has beside its domains into points, each told once. */
export class InventoryMeter {
  readonly #meter: ToldMeter;
  readonly #resource: ResourceOptions | undefined;
  #points: readonly ResourcePoints[] = NOTHING;
  #ended: readonly ResourcePoints[] = NOTHING;
  #holdsUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ startedAtNs, rows = INVENTORY_METRICS, resource }: HypervisorMeterOptions) {
    this.#meter = new ToldMeter({ rows, startedAtNs, identity: resource?.identity });
    this.#resource = resource;
  }

  /** The last points of what the last update no longer had. */
  get ended(): readonly ResourcePoints[] {
    return this.#ended;
  }

  /** The points of what has been read anew; nothing where nothing was. */
  update(connection: ConnectionReading, inventory: InventoryReading | undefined): readonly ResourcePoints[] {
    this.#ended = NOTHING;
    if (inventory === undefined) return NOTHING;
    this.#meter.resource = hostResource(
      { ...connection, part: `${connection.uri} inventory` },
      this.#resource,
    );
    this.#points = [
      this.#meter.update(inventory.at, (value, wait, readAt) =>
        tell(inventory, connection.uri, { value, wait, readAt }),
      ),
    ];
    this.#ended = this.#meter.ended;
    this.#holdsUntilMs = inventory.at.monotonicMs + HOLDING_ROUNDS * inventory.intervalMs;
    return this.#points;
  }

  /** What was last told, for who asks for all that is true at the moment. */
  holding({ at, connected }: ConnectionReading): readonly ResourcePoints[] {
    return connected && at.monotonicMs <= this.#holdsUntilMs ? this.#points : NOTHING;
  }
}

function tell({ node, pools, lacksPools, networks }: InventoryReading, uri: string, told: Told): void {
  const of = { "libvirt.uri": uri };
  const { value, wait, readAt } = told;
  if (node === undefined) wait("libvirt.host.cpu.count", "libvirt.host.memory.limit");
  else {
    readAt(node.at);
    value("libvirt.host.cpu.count", of, node.cpus);
    value("libvirt.host.memory.limit", of, multiply(node.memoryKiB, BYTES_PER_KIB));
  }
  if (pools === undefined || lacksPools) wait(...namesOf("libvirt.storage_pool."));
  for (const pool of pools ?? []) tellPool(pool, { ...of, "libvirt.storage_pool.name": pool.name }, told);
  if (networks === undefined) wait(...namesOf("libvirt.network."));
  for (const network of networks ?? [])
    tellNetwork(network, { ...of, "libvirt.network.name": network.name }, told);
}

type PoolAttributes = Readonly<Record<"libvirt.uri" | "libvirt.storage_pool.name", string>>;
type NetworkAttributes = Readonly<Record<"libvirt.uri" | "libvirt.network.name", string>>;

function tellPool(
  { state, space, at }: StoragePoolReading,
  of: PoolAttributes,
  { value, readAt }: Told,
): void {
  readAt(at);
  STORAGE_POOL_STATES.forEach((name, number) => {
    const attributes = { ...of, "libvirt.storage_pool.state": name };
    value("libvirt.storage_pool.status", attributes, number === state ? 1 : 0);
  });
  if (space === undefined) return;
  value("libvirt.storage_pool.limit", of, space.capacityBytes);
  value("libvirt.storage_pool.usage", of, space.allocationBytes);
  value("libvirt.storage_pool.available", of, space.availableBytes);
}

function tellNetwork(
  { active, leases, at }: NetworkReading,
  of: NetworkAttributes,
  { value, wait, readAt }: Told,
): void {
  readAt(at);
  for (const state of ["active", "inactive"]) {
    const attributes = { ...of, "libvirt.network.state": state };
    value("libvirt.network.status", attributes, (state === "active") === active ? 1 : 0);
  }
  if (leases !== undefined) value("libvirt.network.lease.count", of, leases);
  else if (active) wait("libvirt.network.lease.count");
}

function namesOf(prefix: string): InventoryName[] {
  return INVENTORY_METRICS.map(({ name }) => name).filter((name) => name.startsWith(prefix));
}
