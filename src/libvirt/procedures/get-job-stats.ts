import { writeDomainRef } from "../domain-ref.ts";
import { JOB_PARAMETERS_LIMIT, type JobFigures, jobFigures } from "../job-figures.ts";
import type { Procedure } from "../procedure.ts";
import { readTypedParameters } from "../typed-parameters.ts";
import type { DomainRef } from "../types.ts";

/** virDomainJobType in libvirt/libvirt-domain.h. */
export const JobType = {
  none: 0,
  /** With an end that can be foreseen, and without. */
  bounded: 1,
  unbounded: 2,
  completed: 3,
  failed: 4,
  cancelled: 5,
} as const;

export interface JobStats {
  /** {@link JobType} */
  readonly type: number;
  readonly figures: JobFigures;
}

/**
 * How far the job of a domain is. Takes the domain's job of asking, so a hung QEMU can hold it up, and costs a
 * monitor command while there is a migration. It never asks for completed statistics: the daemon forgets them when
 * they have been read, and a manager may be waiting for them.
 */
export const getJobStats: Procedure<{ readonly domain: DomainRef }, JobStats> = {
  number: 298,
  name: "DOMAIN_GET_JOB_STATS",
  priority: false,
  // domain dom, unsigned flags -> int type, typed_param params<64>
  encode(writer, { domain }) {
    writeDomainRef(writer, domain);
    writer.u32(0);
  },
  decode: (reader) => ({
    type: reader.i32(),
    figures: jobFigures(readTypedParameters(reader, JOB_PARAMETERS_LIMIT)),
  }),
};
