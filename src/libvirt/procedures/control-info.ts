import type { Integer } from "../../integer.ts";
import { writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { DomainRef } from "../types.ts";

/** virDomainControlState in libvirt/libvirt-domain.h. */
export const ControlState = {
  ok: 0,
  /** A background job such as a migration runs; the domain can still be asked. */
  job: 1,
  /** The monitor is in use. For long: QEMU hangs. */
  occupied: 2,
  error: 3,
} as const;

export interface ControlInfo {
  /** {@link ControlState} */
  readonly state: number;
  /** virDomainControlErrorReason, in state error. */
  readonly details: number;
  /** How long the control interface has been in this state. */
  readonly stateTimeMs: Integer;
}

/** Is the way to a domain's QEMU free? Answers at once, also for a domain that hangs. */
export const controlInfo: Procedure<{ readonly domain: DomainRef }, ControlInfo> = {
  number: 229,
  name: "DOMAIN_GET_CONTROL_INFO",
  priority: true,
  // domain dom, unsigned flags -> unsigned state, unsigned details, unsigned hyper stateTime
  encode(writer, { domain }) {
    writeDomainRef(writer, domain);
    writer.u32(0);
  },
  decode: (reader) => ({ state: reader.u32(), details: reader.u32(), stateTimeMs: reader.u64() }),
};
