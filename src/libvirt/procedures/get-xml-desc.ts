import { writeDomainRef } from "../domain-ref.ts";
import type { Procedure } from "../procedure.ts";
import type { DomainRef } from "../types.ts";

/** virDomainXMLFlags in libvirt/libvirt-domain.h. */
export const XmlFlags = {
  /** Passwords too; refused on a read-only connection. */
  secure: 1,
  /** What an active domain will be at its next start. */
  inactive: 2,
  updateCpu: 4,
  migratable: 8,
} as const;

export interface XmlArguments {
  readonly domain: DomainRef;
  /** {@link XmlFlags}, or-ed; 0 is the running domain as it is. */
  readonly flags: number;
}

/** A domain's XML. */
export const getXmlDesc: Procedure<XmlArguments, string> = {
  number: 14,
  name: "DOMAIN_GET_XML_DESC",
  priority: false,
  // domain dom, unsigned flags -> string xml
  encode(writer, { domain, flags }) {
    writeDomainRef(writer, domain);
    writer.u32(flags);
  },
  decode: (reader) => reader.string(),
};
