import type { XdrReader } from "../libvirt/xdr-reader.ts";
import type { XdrWriter } from "../libvirt/xdr-writer.ts";
import { allocationAt, leasesOf, type Named } from "./infrastructure.ts";
import { ErrorCode, ErrorDomain, ReplyError } from "./reply-error.ts";
import type { HandlerRow } from "./session.ts";

const POOL_RUNNING = 2;
const NETWORK_PREFIX = 16;
const LIST_FLAGS = { inactive: 1, active: 2 } as const;

/** Procedures of storage pools and networks. */
export const INFRASTRUCTURE_HANDLERS = {
  // int need_results, uint flags -> pool<>, uint ret
  CONNECT_LIST_ALL_STORAGE_POOLS: {
    priority: true,
    handle: ({ daemon: { infrastructure } }, reader, writer) => list(infrastructure.pools, reader, writer),
  },
  // pool -> uchar state, u64 capacity, allocation, available
  STORAGE_POOL_GET_INFO: {
    priority: true,
    async handle({ daemon: { infrastructure, world, faults } }, reader, writer) {
      const pool = find(infrastructure.pools, reader, ErrorCode.noStoragePool);
      await faults.hangOfPool(pool.name);
      const allocation = pool.active ? allocationAt(pool, world.nowS) : 0;
      const capacity = pool.active ? pool.capacityBytes : 0;
      writer.u32(pool.active ? POOL_RUNNING : 0);
      writer.u64(capacity);
      writer.u64(allocation);
      writer.u64(capacity - allocation);
    },
  },
  // int need_results, uint flags -> net<>, uint ret
  CONNECT_LIST_ALL_NETWORKS: {
    priority: true,
    handle: ({ daemon: { infrastructure } }, reader, writer) => list(infrastructure.networks, reader, writer),
  },
  // net, str? mac, int need_results, uint flags -> {str iface, i64 expiry, int type, str? mac, str? iaid, str ip,
  // uint prefix, str? host, str? clientid}<>, uint ret
  NETWORK_GET_DHCP_LEASES: {
    priority: false,
    handle({ daemon: { infrastructure, world } }, reader, writer) {
      const network = find(infrastructure.networks, reader, ErrorCode.noNetwork);
      const mac = reader.optional(() => reader.string());
      const leases = leasesOf(network, world).filter((lease) => mac === undefined || lease.mac === mac);
      const text = (value: string | undefined): void =>
        writer.optional(value, (present) => writer.string(present));
      writer.array(leases, (lease) => {
        writer.string("virbr0");
        writer.i64(lease.expiryS);
        writer.i32(0);
        text(lease.mac);
        text(undefined);
        writer.string(lease.address);
        writer.u32(NETWORK_PREFIX);
        text(lease.hostname);
        text(undefined);
      });
      writer.u32(leases.length);
    },
  },
} as const satisfies Record<string, HandlerRow>;

function list(things: readonly Named[], reader: XdrReader, writer: XdrWriter): void {
  const needed = reader.i32() !== 0;
  const flags = reader.u32() || LIST_FLAGS.inactive | LIST_FLAGS.active;
  const found = things.filter(
    ({ active }) => (flags & (active ? LIST_FLAGS.active : LIST_FLAGS.inactive)) !== 0,
  );
  writer.array(needed ? found : [], ({ name, uuidBytes }) => {
    writer.string(name);
    writer.fixedOpaque(uuidBytes);
  });
  writer.u32(found.length);
}

function find<Thing extends Named>(things: readonly Thing[], reader: XdrReader, code: number): Thing {
  const name = reader.string();
  const uuid = reader.fixedOpaque(16);
  const found = things.find(({ uuidBytes }) => uuidBytes.equals(uuid));
  if (found !== undefined) return found;
  throw new ReplyError(code, ErrorDomain.none, {
    format: "not found: no '%s' with matching uuid",
    detail: name,
  });
}
