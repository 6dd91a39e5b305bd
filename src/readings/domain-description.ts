/**
 * The names and labels in a domain's XML (https://libvirt.org/formatdomain.html), as GET_XML_DESC gives it:
 *
 *     <domain type='kvm' id='7'>
 *       <name>web1</name>
 *       <uuid>4a92c712-7a8f-4027-8830-cb3ccd4c0f12</uuid>
 *       <metadata>
 *         <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">…</nova:instance>
 *       </metadata>
 *       <devices>
 *         <disk type='file'><source file='/x.qcow2'/><target dev='vda'/><alias name='virtio-disk0'/></disk>
 *         <memballoon model='virtio'><stats period='10'/></memballoon>
 *         <interface type='bridge'><mac address='52:54:00:…'/><target dev='vnet0'/><alias name='net0'/></interface>
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";

import { KvmeterError, messageOf } from "../errors.ts";
import { readThrottle } from "./disk-throttle.ts";
import type { DiskDescription, DomainDescription, GuestAgentState, NicDescription } from "./domain.ts";
import { readOpenstackMetadata } from "./openstack-metadata.ts";
import type { DomainStatistics } from "./statistics.ts";
import { attribute, child, children, text, type XmlElement } from "./xml-element.ts";

/** Characters of XML that are looked at. A domain with a hundred disks and NICs has about 100,000. */
export const DOMAIN_XML_LIMIT = 1_048_576;

/** How libvirt finds the channel to QEMU's guest agent. */
const GUEST_AGENT_CHANNEL = "org.qemu.guest_agent.0";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  alwaysCreateTextNode: true,
  isArray: (...[, , , isAttribute]) => !isAttribute,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // A name is text, whatever it looks like: 0123, 1e3, " web ".
  parseTagValue: false,
  trimValues: false,
  // Decodes &#10; too. A document that declares entities of its own is refused before it comes here.
  htmlEntities: true,
  processEntities: { enabled: true, maxExpandedLength: DOMAIN_XML_LIMIT },
});

/**
 * Reads a domain's XML. `domain` is how the error names it: DOMAIN_XML, when the text is no XML, no domain's, or
 * larger than any domain's.
 */
export function parseDomainXml(xml: string, domain?: string): DomainDescription {
  try {
    // A copy: its texts would be views into the XML, which would stay in memory for as long as the domain is known.
    return structuredClone(describeDomain(parseXml(xml)));
  } catch (error) {
    const name = domain ?? /<name>([^<]{1,255})</.exec(xml)?.[1] ?? "without a name";
    throw new KvmeterError(
      "DOMAIN_XML",
      `Cannot understand the XML of domain ${JSON.stringify(name)}: ${inOneLine(messageOf(error))}`,
      { cause: error },
    );
  }
}

/**
 * Does the description still name the devices that the statistics are of? Only what came is compared: a partial
 * reply fits. A description that was read after the statistics can still not fit when libvirt itself names a
 * device differently, so ask for it again only when the statistics' devices change.
 */
export function descriptionFits(description: DomainDescription, { items }: DomainStatistics): boolean {
  const targets = new Set(description.disks.map(({ target }) => target));
  const nics = items.nicCount?.[0]?.values.nics;
  return (
    (items.disk ?? []).every(({ values: { name } }) => name === undefined || targets.has(name)) &&
    (nics === undefined || Number(nics) === description.nics.length) &&
    (items.nic ?? []).every(({ path, values: { name } }) => {
      const nic = description.nics[Number(path[0])];
      return name === undefined || name === "" || nic?.target === name;
    })
  );
}

function inOneLine(message: string): string {
  return message.replaceAll(/\s+/g, " ").slice(0, 300);
}

/**
 * The elements of a domain's XML.
 * @throws Error when it is no XML, or more than is looked at
 */
export function parseXml(xml: string): XmlElement {
  if (xml.length > DOMAIN_XML_LIMIT) {
    throw new Error(`it has ${xml.length} characters, the limit is ${DOMAIN_XML_LIMIT}`);
  }
  if (xml.includes("<!D")) throw new Error("it declares a document type, which libvirt never does");
  const validity = XMLValidator.validate(xml);
  if (validity !== true) {
    const { line, col, msg } = validity.err;
    throw new Error(`line ${line}, column ${col ?? 1}: ${msg}`);
  }
  return parser.parse(xml) as XmlElement;
}

function describeDomain(document: XmlElement): DomainDescription {
  const domain = child(document, "domain");
  if (domain === undefined) throw new Error("its root is not <domain>");
  const name = text(child(domain, "name"));
  const uuid = text(child(domain, "uuid"));
  if (name === undefined) throw new Error("<domain> has no <name>");
  if (uuid === undefined) throw new Error("<domain> has no <uuid>");
  const devices = child(domain, "devices");
  return {
    uuid: uuid.toLowerCase(),
    name,
    nics: children(devices, "interface").map(describeNic),
    disks: children(devices, "disk").flatMap(describeDisk),
    openstack: readOpenstackMetadata(domain),
    balloonPeriodS: balloonPeriodOf(devices),
    guestAgent: guestAgentOf(devices),
  };
}

function balloonPeriodOf(devices: XmlElement | undefined): number | undefined {
  const period = Number(attribute(child(child(devices, "memballoon"), "stats"), "period") ?? 0);
  return Number.isInteger(period) && period > 0 ? period : undefined;
}

/** The channel's state stands in a running domain's XML. */
function guestAgentOf(devices: XmlElement | undefined): GuestAgentState | undefined {
  const state = attribute(child(guestAgentChannel(devices), "target"), "state");
  return state === "connected" || state === "disconnected" ? state : undefined;
}

/** The `<channel>` to the guest's agent among a domain's `<devices>`; undefined without one. */
export function guestAgentChannel(devices: XmlElement | undefined): XmlElement | undefined {
  return children(devices, "channel").find(
    (channel) => attribute(child(channel, "target"), "name") === GUEST_AGENT_CHANNEL,
  );
}

function describeNic(element: XmlElement, number: number): NicDescription {
  return {
    number,
    mac: attribute(child(element, "mac"), "address"),
    type: attribute(element, "type"),
    target: attribute(child(element, "target"), "dev"),
    alias: attribute(child(element, "alias"), "name"),
  };
}

function describeDisk(element: XmlElement): DiskDescription[] {
  const target = attribute(child(element, "target"), "dev");
  if (target === undefined) return [];
  const throttle = readThrottle(element);
  const type = attribute(element, "type");
  const alias = attribute(child(element, "alias"), "name");
  return [{ type, target, alias, source: sourceOf(element), ...(throttle !== undefined && { throttle }) }];
}

/** Where a disk's data is, by the attribute that its type uses; a pool's volume as pool/volume. */
function sourceOf(disk: XmlElement): string | undefined {
  const source = child(disk, "source");
  const volume = attribute(source, "volume");
  if (volume !== undefined) return `${attribute(source, "pool") ?? ""}/${volume}`;
  return ["file", "dev", "name", "dir", "path"]
    .map((name) => attribute(source, name))
    .find((value) => value !== undefined);
}
