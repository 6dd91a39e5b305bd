/**
 * What of a domain's XML tells whether its guest can be looked into, beside what the agent itself takes from it
 * (https://libvirt.org/formatdomain.html):
 *
 *     <domain type='kvm'>
 *       <devices>
 *         <disk type='vhostuser' device='disk'>
 *           <driver name='qemu'><statistics><latency-histogram>…</latency-histogram></statistics></driver>
 *           <source …/><target dev='vda'/></disk>
 *         <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
 *           <alias name='channel0'/></channel>
 *         <memballoon model='none'/>
 */
import { guestAgentChannel, parseDomainXml, parseXml } from "../readings/domain-description.ts";
import type { DomainDescription } from "../readings/domain.ts";
import { attribute, child, children, type XmlElement } from "../readings/xml-element.ts";

/** A disk or a drive. */
export interface ReadinessDisk {
  /** vda */
  readonly target: string;
  /** file, block, network, vhostuser … */
  readonly type: string | undefined;
  /** An empty drive has none. */
  readonly hasSource: boolean;
  readonly hasLatencyHistogram: boolean;
}

/** What a domain is equipped with. */
export interface Readiness {
  readonly description: DomainDescription;
  /** kvm, qemu, xen … */
  readonly type: string;
  readonly hasBalloon: boolean;
  /** The channel to the guest's agent; its alias is there while the domain runs. */
  readonly agentChannel: { readonly alias: string | undefined } | undefined;
  readonly disks: readonly ReadinessDisk[];
}

/**
 * Reads a domain's XML.
 * @throws KvmeterError DOMAIN_XML
 */
export function readReadiness(xml: string, domainName: string): Readiness {
  const description = parseDomainXml(xml, domainName);
  const domain = child(parseXml(xml), "domain");
  const devices = child(domain, "devices");
  const balloon = child(devices, "memballoon");
  const channel = guestAgentChannel(devices);
  return {
    description,
    type: attribute(domain, "type") ?? "of no type",
    hasBalloon: balloon !== undefined && attribute(balloon, "model") !== "none",
    agentChannel: channel && { alias: attribute(child(channel, "alias"), "name") },
    disks: children(devices, "disk").flatMap(describeDisk),
  };
}

function describeDisk(disk: XmlElement): ReadinessDisk[] {
  const target = attribute(child(disk, "target"), "dev");
  if (target === undefined) return [];
  const statistics = child(child(disk, "driver"), "statistics");
  return [
    {
      target,
      type: attribute(disk, "type"),
      hasSource: child(disk, "source") !== undefined,
      hasLatencyHistogram: child(statistics, "latency-histogram") !== undefined,
    },
  ];
}
