import { writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { DomainRef } from "../types.ts";

export interface DomainState {
  /** virDomainState: 1 running, 3 paused, 5 shut off … */
  readonly state: number;
  /** One of the reasons that belong to the state. */
  readonly reason: number;
}

/** A domain's state, as the daemon remembers it: QEMU is not asked. */
export const getState: Procedure<{ readonly domain: DomainRef }, DomainState> = {
  number: 212,
  name: "DOMAIN_GET_STATE",
  priority: true,
  // domain dom, unsigned flags -> int state, int reason
  encode(writer, { domain }) {
    writeDomainRef(writer, domain);
    writer.u32(0);
  },
  decode: (reader) => ({ state: reader.i32(), reason: reader.i32() }),
};
