import type { Integer } from "../../integer.ts";
import { writeNamedRef } from "../named-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { NamedRef } from "../types.ts";

/** virNetworkDHCPLease in libvirt/libvirt-network.h, what of it is of use here. */
export interface DhcpLease {
  /** Seconds since the epoch; 0 for one that does not expire. */
  readonly expiryS: Integer;
  readonly mac: string | undefined;
  readonly address: string;
}

/** REMOTE_NETWORK_DHCP_LEASES_MAX */
const LEASE_LIMIT = 65_536;

/** A lease without any text in it. */
const MINIMUM_BYTES = 40;

/** The leases that the DHCP server of an active network has given. */
export const networkGetDhcpLeases: Procedure<{ readonly network: NamedRef }, DhcpLease[]> = {
  number: 341,
  name: "NETWORK_GET_DHCP_LEASES",
  priority: false,
  // network net, string? mac, int need_results, unsigned flags -> lease leases<65536>, unsigned ret
  // lease: string iface, hyper expirytime, int type, string? mac, string? iaid, string ipaddr, unsigned prefix,
  //        string? hostname, string? clientid
  encode(writer, { network }) {
    writeNamedRef(writer, network);
    writer.bool(false);
    writer.i32(1);
    writer.u32(0);
  },
  decode(reader) {
    const text = (): string | undefined => reader.optional(() => reader.string());
    const leases = reader.array(
      MINIMUM_BYTES,
      (): DhcpLease => {
        reader.skipString();
        const expiryS = reader.i64();
        reader.i32();
        const mac = text();
        text();
        const address = reader.string();
        reader.u32();
        text();
        text();
        return { expiryS, mac, address };
      },
      LEASE_LIMIT,
    );
    reader.u32();
    return leases;
  },
};
