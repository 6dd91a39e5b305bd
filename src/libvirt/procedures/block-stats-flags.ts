import { writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import { readTypedParameters } from "../typed-parameters.ts";
import type { DomainRef, TypedParameter } from "../types.ts";

export interface BlockStatsArguments {
  readonly domain: DomainRef;
  /** The disk's target, as `vda`, or the path of its source. */
  readonly disk: string;
}

/** REMOTE_DOMAIN_BLOCK_STATS_PARAMETERS_MAX */
const PARAMETERS_LIMIT = 16;

/**
 * The I/O counters of one disk: the fields that VIR_DOMAIN_BLOCK_STATS_* in libvirt/libvirt-domain.h name. One
 * monitor command, where the block group of the bulk statistics takes three for all disks together. Not bulk and
 * without NOWAIT: it waits for a domain that somebody else is busy with, and at a hung QEMU for as long as it hangs.
 */
export const blockStatsFlags: Procedure<BlockStatsArguments, TypedParameter[]> = {
  number: 243,
  name: "DOMAIN_BLOCK_STATS_FLAGS",
  priority: false,
  // domain dom, string path, int nparams, unsigned flags -> typed_param params<16>, int nparams
  encode(writer, { domain, disk }) {
    writeDomainRef(writer, domain);
    writer.string(disk);
    writer.i32(PARAMETERS_LIMIT);
    writer.u32(0);
  },
  decode(reader) {
    const parameters = readTypedParameters(reader, PARAMETERS_LIMIT);
    reader.i32();
    return parameters;
  },
};
