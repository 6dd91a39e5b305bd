import type { Clock } from "../clock.ts";
import { KvmeterError } from "../errors.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import { listAllNetworks, NetworkListFlags } from "../libvirt/procedures/list-all-networks.ts";
import { listAllStoragePools } from "../libvirt/procedures/list-all-storage-pools.ts";
import { type DhcpLease, networkGetDhcpLeases } from "../libvirt/procedures/network-get-dhcp-leases.ts";
import { nodeGetInfo } from "../libvirt/procedures/node-get-info.ts";
import { storagePoolGetInfo, StoragePoolState } from "../libvirt/procedures/storage-pool-get-info.ts";
import type { NamedRef } from "../libvirt/types.ts";
import { hasNoDriver, InventoryCalls, inventoryProblem, isGone, LATE } from "./inventory-calls.ts";
import type {
  InventoryPart,
  InventoryReading,
  NetworkReading,
  NodeReading,
  StoragePoolReading,
} from "./inventory.ts";

export interface InventoryOptions {
  readonly parts: ReadonlySet<InventoryPart>;
  /** From one round to the next. */
  readonly intervalMs: number;
}

interface ReaderOptions extends InventoryOptions {
  /** Longest time that one call is waited for. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Of pools that do not answer, as many are asked before the others are left alone, too. */
const STUCK_POOLS_LIMIT = 2;

/** One round over one connection. */
interface Round {
  readonly calls: InventoryCalls;
  readonly problems: Error[];
}

/**
 * Reads what a hypervisor has beside its domains, in rounds of their own that no cycle waits for. Calls are made one
 * after another; a pool that does not answer, since its file server is gone, costs one call that stays unanswered, and
 * the other pools are read all the same.
 */
export class InventoryReader {
  readonly #options: ReaderOptions;
  #lanes: Lanes | undefined;
  #calls: InventoryCalls | undefined;
  /** The last list, for as long as there is no other. */
  #pools: readonly NamedRef[] = [];
  #dueMs = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #reading: InventoryReading | undefined;
  #problems: readonly Error[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** What could not be read in the last round, and why. */
  get problems(): readonly Error[] {
    return this.#problems;
  }

  /** Begins a round when one is due and none is under way. */
  start(lanes: Lanes): void {
    const { clock, parts, timeoutMs, intervalMs } = this.#options;
    if (parts.size === 0) return;
    if (this.#lanes !== lanes) {
      this.#lanes = lanes;
      this.#calls = new InventoryCalls(lanes, timeoutMs);
      this.#pools = [];
      this.#dueMs = Number.NEGATIVE_INFINITY;
      this.#isRunning = false;
    }
    const nowMs = clock.now().monotonicMs;
    if (this.#isRunning || nowMs < this.#dueMs || this.#calls === undefined) return;
    this.#dueMs = nowMs + intervalMs;
    this.#isRunning = true;
    void this.#run(this.#calls);
  }

  /** What the last round brought, once. */
  take(): InventoryReading | undefined {
    const reading = this.#reading;
    this.#reading = undefined;
    return reading;
  }

  async #run(calls: InventoryCalls): Promise<void> {
    const { clock, intervalMs, parts } = this.#options;
    const round = { calls, problems: [] };
    const node = parts.has("node") ? await this.#node(round) : undefined;
    const pools = parts.has("pools") ? await this.#storage(round) : undefined;
    const networks = parts.has("networks") || parts.has("leases") ? await this.#networks(round) : undefined;
    // A round over a connection that is gone says nothing about the next one's hypervisor.
    if (this.#calls !== calls) return;
    this.#isRunning = false;
    this.#problems = round.problems;
    const lacksPools = pools?.includes(undefined) ?? false;
    const read = pools?.filter((pool) => pool !== undefined);
    this.#reading = { at: clock.now(), intervalMs, node, pools: read, lacksPools, networks };
  }

  async #node({ calls, problems }: Round): Promise<NodeReading | undefined> {
    const info = await attempt("the node's hardware", problems, () =>
      calls.ask("node", nodeGetInfo, undefined),
    );
    if (info === undefined) return undefined;
    return { at: this.#options.clock.now(), cpus: info.cpus, memoryKiB: info.memoryKiB };
  }

  /** Of each pool what could be read; undefined where that was nothing. */
  async #storage(round: Round): Promise<(StoragePoolReading | undefined)[] | undefined> {
    const { calls, problems } = round;
    const listed = await attempt("the list of storage pools", problems, () =>
      noneWithoutDriver(() => calls.ask("pools", listAllStoragePools, undefined)),
    );
    // A pool that is being refreshed holds up the list; the others can be asked all the same.
    if (listed === undefined && this.#pools.length === 0) return undefined;
    this.#pools = listed ?? this.#pools;
    const pools: (StoragePoolReading | undefined)[] = [];
    for (const pool of this.#pools) pools.push(...(await this.#pool(pool, round)));
    return pools;
  }

  /** Nothing where the pool is gone. */
  async #pool(pool: NamedRef, { calls, problems }: Round): Promise<(StoragePoolReading | undefined)[]> {
    const what = `storage pool ${JSON.stringify(pool.name)}`;
    const stuck = this.#pools.filter(({ uuid }) => calls.isStuck(`pool ${uuid}`)).length;
    if (stuck >= STUCK_POOLS_LIMIT && !calls.isStuck(`pool ${pool.uuid}`)) return [undefined];
    let gone = false;
    const info = await attempt(what, problems, async () => {
      try {
        return await calls.ask(`pool ${pool.uuid}`, storagePoolGetInfo, { pool });
      } catch (error) {
        if (!isGone(error)) throw error;
        gone = true;
        return undefined;
      }
    });
    if (gone) return [];
    if (info === undefined) return [undefined];
    const { state, ...space } = info;
    const hasSpace = state !== StoragePoolState.inactive && Object.values(space).some((bytes) => bytes > 0);
    const { name } = pool;
    return [{ name, at: this.#options.clock.now(), state, space: hasSpace ? space : undefined }];
  }

  async #networks({ calls, problems }: Round): Promise<NetworkReading[] | undefined> {
    const list = async (active: boolean): Promise<NamedRef[] | undefined> => {
      const flags = active ? NetworkListFlags.active : NetworkListFlags.inactive;
      return attempt("the list of networks", problems, () =>
        noneWithoutDriver(() => calls.ask(`networks ${active}`, listAllNetworks, { flags })),
      );
    };
    const active = await list(true);
    const inactive = active && (await list(false));
    if (inactive === undefined) return undefined;
    const at = this.#options.clock.now();
    const networks = inactive.map(({ name }): NetworkReading => ({
      name,
      at,
      active: false,
      leases: undefined,
    }));
    for (const network of active ?? []) {
      const leases = this.#options.parts.has("leases")
        ? await this.#leases(network, { calls, problems })
        : undefined;
      networks.push({ name: network.name, at: this.#options.clock.now(), active: true, leases });
    }
    return networks;
  }

  async #leases(network: NamedRef, { calls, problems }: Round): Promise<number | undefined> {
    const what = `the leases of network ${JSON.stringify(network.name)}`;
    const leases = await attempt(what, problems, async () => {
      try {
        return await calls.ask(`leases ${network.uuid}`, networkGetDhcpLeases, { network });
      } catch (error) {
        if (isGone(error) || hasNoDriver(error)) return undefined;
        throw error;
      }
    });
    const nowS = Number(this.#options.clock.now().wallNs / 1_000_000_000n);
    return leases?.filter((lease) => holds(lease, nowS)).length;
  }
}

/** libvirt leaves out what has expired, by the hypervisor's clock; a lease that does not expire has 0. */
function holds({ expiryS }: DhcpLease, nowS: number): boolean {
  return expiryS === 0 || expiryS > nowS;
}

/** The answer; undefined, with a problem noted, where there is none. */
async function attempt<Result>(
  what: string,
  problems: Error[],
  ask: () => Promise<Result | typeof LATE>,
): Promise<Result | undefined> {
  try {
    const answer = await ask();
    if (answer !== LATE) return answer;
    problems.push(inventoryProblem(what, LATE));
  } catch (error) {
    // That the connection is gone is told by who reads the domains.
    if (!(error instanceof KvmeterError && error.code === "LIBVIRT_DISCONNECTED"))
      problems.push(inventoryProblem(what, error));
  }
  return undefined;
}

/** A daemon without a driver for such things has none of them. */
async function noneWithoutDriver<List>(ask: () => Promise<List>): Promise<List | []> {
  try {
    return await ask();
  } catch (error) {
    if (hasNoDriver(error)) return [];
    throw error;
  }
}
