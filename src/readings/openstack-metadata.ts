/**
 * What nova writes into a domain's XML (nova/virt/libvirt/config.py, LibvirtConfigGuestMetaNovaInstance):
 *
 *     <metadata>
 *       <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
 *         <nova:name>web</nova:name>
 *         <nova:flavor name="m1.small">…</nova:flavor>
 *         <nova:owner>
 *           <nova:user uuid="9b1d…">admin</nova:user>
 *           <nova:project uuid="c7a0…">shop</nova:project>
 *         </nova:owner>
 *       </nova:instance>
 *     </metadata>
 *
 * The prefix is free; the namespace's URI is what counts.
 */
import type { OpenstackMetadata } from "./domain.ts";
import { attribute, child, children, localName, text, type XmlElement } from "./xml-element.ts";

const NAMESPACES = new Set([
  "http://openstack.org/xmlns/libvirt/nova/1.0",
  "http://openstack.org/xmlns/libvirt/nova/1.1",
]);

/** nova's metadata of a `<domain>`; undefined when it has none. */
export function readOpenstackMetadata(domain: XmlElement): OpenstackMetadata | undefined {
  const metadata = child(domain, "metadata");
  for (const name of Object.keys(metadata ?? {})) {
    if (localName(name) !== "instance") continue;
    for (const instance of children(metadata, name)) {
      const namespace = namespaceOf(name, [instance, metadata, domain]);
      if (namespace !== undefined && NAMESPACES.has(namespace)) return describeInstance(instance);
    }
  }
  return undefined;
}

function describeInstance(instance: XmlElement): OpenstackMetadata {
  const owner = childOfAnyPrefix(instance, "owner");
  const project = childOfAnyPrefix(owner, "project");
  return {
    instanceName: text(childOfAnyPrefix(instance, "name")),
    projectId: attribute(project, "uuid"),
    projectName: text(project),
    userId: attribute(childOfAnyPrefix(owner, "user"), "uuid"),
    flavorName: attribute(childOfAnyPrefix(instance, "flavor"), "name"),
  };
}

function childOfAnyPrefix(element: XmlElement | undefined, local: string): XmlElement | undefined {
  const name = Object.keys(element ?? {}).find((name) => localName(name) === local);
  return name === undefined ? undefined : child(element, name);
}

/** The namespace of an element's name, declared on itself or on one of those around it, nearest first. */
function namespaceOf(name: string, scopes: readonly (XmlElement | undefined)[]): string | undefined {
  const colon = name.indexOf(":");
  const declaration = colon < 0 ? "xmlns" : `xmlns:${name.slice(0, colon)}`;
  return scopes.map((scope) => attribute(scope, declaration)).find((uri) => uri !== undefined);
}
