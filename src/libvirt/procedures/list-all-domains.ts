import { DOMAIN_LIST_LIMIT, DOMAIN_REF_MINIMUM_BYTES, readDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { DomainRef } from "../types.ts";

/** virConnectListAllDomainsFlags in libvirt/libvirt-domain.h. None of a pair is the same as both. */
export const ListFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutOff: 64,
  other: 128,
} as const;

export interface ListArguments {
  /** {@link ListFlags}, or-ed; 0 lists all. */
  readonly flags: number;
}

/** Every domain that the flags select. */
export const listAllDomains: Procedure<ListArguments, DomainRef[]> = {
  number: 273,
  name: "CONNECT_LIST_ALL_DOMAINS",
  priority: true,
  // int need_results, unsigned flags -> domain domains<16384>, unsigned ret
  encode(writer, { flags }) {
    writer.i32(1);
    writer.u32(flags);
  },
  decode(reader) {
    const domains = reader.array(DOMAIN_REF_MINIMUM_BYTES, () => readDomainRef(reader), DOMAIN_LIST_LIMIT);
    const count = reader.u32();
    if (count !== domains.length) reader.fail(`${domains.length} domains are listed, ${count} are counted`);
    return domains;
  },
};
