import type { DomainReading, HypervisorIdentity } from "../readings/domain.ts";
import type { Attributes } from "./points.ts";

/** What an operator says about resources. */
export interface ResourceOptions {
  /** `kvmeter` unless given; stronger than a service.name among `attributes`. */
  readonly serviceName?: string | undefined;
  /** Further attributes of every resource, as OTEL_RESOURCE_ATTRIBUTES has them; stronger than what was found out. */
  readonly attributes?: Attributes | undefined;
  /** Where a domain's uuid and name stand: on its resource only, or on every point as well. */
  readonly identity?: "resource" | "attributes" | undefined;
  /** Under which further name the host's name stands on every resource. */
  readonly hostAttribute?: string | undefined;
}

/** The agent's own process. */
export interface AgentIdentity {
  readonly version: string;
  /** Unique per process. */
  readonly instanceId: string;
  readonly hostName: string;
  readonly pid: number;
}

/** A machine that runs domains. */
export interface HostIdentity {
  readonly identity: HypervisorIdentity;
  /** The CPU's architecture as the kernel calls it, x86_64; undefined where nothing is known of it. */
  readonly facts: { readonly architecture: string } | undefined;
  /**
   * Who tells of it, where that is not the kernel: `qemu:///system`. Whoever is read at times of its own has a
   * `service.instance.id` of its own, `<host.id>/<part>`: Prometheus makes a series of each resource, target_info, and
   * refuses a whole request for a time of it that lies before one that it has.
   */
  readonly part?: string;
}

const SERVICE_NAME = "kvmeter";

/**
 * The resource of a domain: only what does not change while it exists. Its identity is libvirt's and cannot be
 * overridden, since Prometheus builds job and instance of it and two domains would become one.
 */
export function domainResource(
  { uuid, name, description }: Pick<DomainReading, "uuid" | "name" | "description">,
  hypervisor: HypervisorIdentity,
  options: ResourceOptions = {},
): Attributes {
  const openstack = description?.openstack;
  return defined({
    "host.name": hypervisor.hostName,
    "host.id": hypervisor.hostId,
    "openstack.instance.name": openstack?.instanceName,
    "openstack.project.id": openstack?.projectId,
    "openstack.project.name": openstack?.projectName,
    "openstack.user.id": openstack?.userId,
    "openstack.flavor.name": openstack?.flavorName,
    ...hostAgain(hypervisor.hostName, options),
    ...options.attributes,
    "service.name": serviceName(options),
    "service.instance.id": uuid,
    "libvirt.domain.uuid": uuid,
    "libvirt.domain.name": name,
  });
}

/** Attributes that stand on every point of a domain. */
export function pointIdentity(
  { uuid, name }: Pick<DomainReading, "uuid" | "name">,
  options: ResourceOptions,
): Attributes {
  return options.identity === "attributes"
    ? { "libvirt.domain.uuid": uuid, "libvirt.domain.name": name }
    : {};
}

/** The kernel's names of architectures where OpenTelemetry has others (host.arch of its conventions). */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  i686: "x86",
  aarch64: "arm64",
  armv7l: "arm32",
  ppc64le: "ppc64",
};

/** The resource of a hypervisor's host. */
export function hostResource(
  { identity, facts, part }: HostIdentity,
  options: ResourceOptions = {},
): Attributes {
  const architecture = facts?.architecture;
  const host = identity.hostId ?? identity.hostName;
  return defined({
    "host.name": identity.hostName,
    "host.id": identity.hostId,
    "host.arch": architecture === undefined ? undefined : (ARCHITECTURES[architecture] ?? architecture),
    "os.type": "linux",
    "service.instance.id": part === undefined ? host : `${host}/${part}`,
    ...hostAgain(identity.hostName, options),
    ...options.attributes,
    "service.name": serviceName(options),
  });
}

/** The resource of the agent itself. */
export function agentResource(agent: AgentIdentity, options: ResourceOptions = {}): Attributes {
  return {
    "host.name": agent.hostName,
    ...hostAgain(agent.hostName, options),
    "service.instance.id": agent.instanceId,
    ...options.attributes,
    "service.name": serviceName(options),
    "service.version": agent.version,
    "process.pid": agent.pid,
  };
}

/** Equal for equal attributes, in whatever order they stand. */
export function attributesKey(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function hostAgain(hostName: string, { hostAttribute }: ResourceOptions): Attributes {
  return hostAttribute === undefined ? {} : { [hostAttribute]: hostName };
}

function serviceName({ serviceName: own, attributes }: ResourceOptions): string | number | boolean {
  return own ?? attributes?.["service.name"] ?? SERVICE_NAME;
}

function defined(attributes: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  const present: Record<string, Attributes[string]> = {};
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) present[name] = value;
  return present;
}
