import type { LibvirtConnection } from "../libvirt/connection.ts";
import { getXmlDesc } from "../libvirt/procedures/get-xml-desc.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { readReadiness, type Readiness } from "./domain-xml.ts";
import { failed, type Finding } from "./finding.ts";

/** For all XML; what has not come by then is not looked at. */
const XML_DEADLINE_MS = 10_000;
const XML_AT_ONCE = 20;

/** What the XML of all these domains says, by uuid, and what of it cannot be read. */
export async function readAllXml(
  connection: LibvirtConnection,
  domains: readonly DomainRef[],
  signal: AbortSignal,
): Promise<{ readonly readiness: ReadonlyMap<string, Readiness>; readonly problems: readonly Finding[] }> {
  const readiness = new Map<string, Readiness>();
  const problems: Finding[] = [];
  const endMs = performance.now() + XML_DEADLINE_MS;
  for (let at = 0; at < domains.length && performance.now() < endMs; at += XML_AT_ONCE) {
    await Promise.all(
      domains.slice(at, at + XML_AT_ONCE).map(async (domain) => {
        try {
          const xml = await connection.call(getXmlDesc, { domain, flags: 0 }, { signal });
          readiness.set(domain.uuid, readReadiness(xml, domain.name));
        } catch (error) {
          signal.throwIfAborted();
          problems.push(failed("vm-xml", domain.name, { error }));
        }
      }),
    );
  }
  return { readiness, problems };
}
