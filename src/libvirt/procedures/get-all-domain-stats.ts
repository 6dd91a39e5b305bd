import { DOMAIN_LIST_LIMIT, DOMAIN_REF_MINIMUM_BYTES, readDomainRef, writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import { type FieldFilter, readTypedParameters } from "../typed-parameters.ts";
import type { DomainRef, DomainStatsRecord } from "../types.ts";

/** virDomainStatsTypes in libvirt/libvirt-domain.h: which statistics are wanted. */
export const StatsGroups = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024,
} as const;

/** virConnectGetAllDomainStatsFlags in libvirt/libvirt-domain.h. */
export const StatsFlags = {
  /** The first eight filter a call that names no domains, as ListFlags do. */
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutOff: 64,
  other: 128,
  /** Do not wait for a domain that somebody else is busy with: its record is partial. A hung QEMU still hangs the call. */
  nowait: 0x2000_0000,
  /** Every image of a disk's backing chain. */
  backing: 0x4000_0000,
  /** Fail where a group is not supported. One inactive domain can then fail the whole call. */
  enforce: 0x8000_0000,
} as const;

export interface StatsArguments {
  /** Matched by uuid; one that is gone is left out of the reply. Empty: all that the flags select. */
  readonly domains: readonly DomainRef[];
  /** {@link StatsGroups}, or-ed; 0 is every group. */
  readonly groups: number;
  /** {@link StatsFlags}, or-ed. */
  readonly flags: number;
}

/** REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX: parameters of one domain. */
const PARAMETERS_LIMIT = 262_144;

/**
 * Bulk statistics. At most 50 to 100 domains a call: a reply over 32 MiB fails after the daemon has done all the
 * work. The daemon works through the domains one after another and is stuck at a hung QEMU for as long as it hangs.
 */
export const getAllDomainStats: Procedure<StatsArguments, DomainStatsRecord[]> = getAllDomainStatsOf();

/**
 * Bulk statistics of which only some fields are decoded. libvirt sends a whole group or nothing of it, and most of a
 * reply can be what nobody asked for: on KVM a vCPU has some hundred and twenty fields of KVM's own statistics.
 */
export function getAllDomainStatsOf(isWanted?: FieldFilter): Procedure<StatsArguments, DomainStatsRecord[]> {
  return {
    number: 344,
    name: "CONNECT_GET_ALL_DOMAIN_STATS",
    priority: false,
    // domain doms<16384>, unsigned stats, unsigned flags -> { domain dom, typed_param params<262144> } retStats<16384>
    encode(writer, { domains, groups, flags }) {
      writer.array(domains, (domain) => writeDomainRef(writer, domain));
      writer.u32(groups);
      writer.u32(flags >>> 0);
    },
    decode: (reader) =>
      reader.array(
        DOMAIN_REF_MINIMUM_BYTES + 4,
        () => ({
          domain: readDomainRef(reader),
          parameters: readTypedParameters(reader, PARAMETERS_LIMIT, isWanted),
        }),
        DOMAIN_LIST_LIMIT,
      ),
  };
}
