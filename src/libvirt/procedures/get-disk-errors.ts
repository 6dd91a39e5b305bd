import { writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { DomainRef } from "../types.ts";

/** virDomainDiskErrorCode in libvirt/libvirt-domain.h. */
export const DiskErrorCode = { none: 0, unspecified: 1, noSpace: 2 } as const;

export interface DiskError {
  /** vda: what the guest's disk is called. */
  readonly disk: string;
  /** {@link DiskErrorCode} */
  readonly error: number;
}

/** REMOTE_DOMAIN_DISK_ERRORS_MAX */
const ERROR_LIMIT = 256;

/** An empty name, the error. */
const MINIMUM_BYTES = 8;

/** The disks of a started domain that are in error; those that are not are left out. One monitor command. */
export const getDiskErrors: Procedure<{ readonly domain: DomainRef }, DiskError[]> = {
  number: 263,
  name: "DOMAIN_GET_DISK_ERRORS",
  priority: false,
  // domain dom, unsigned maxerrors, unsigned flags -> {string disk, int error} errors<256>, int nerrors
  encode(writer, { domain }) {
    writeDomainRef(writer, domain);
    writer.u32(ERROR_LIMIT);
    writer.u32(0);
  },
  decode(reader) {
    const read = (): DiskError => ({ disk: reader.string(), error: reader.i32() });
    const errors = reader.array(MINIMUM_BYTES, read, ERROR_LIMIT);
    reader.i32();
    return errors;
  },
};
