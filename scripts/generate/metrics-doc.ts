import { metricsMarkdown } from "../../src/cli/metrics.ts";
import { catalogue } from "../../src/metrics/catalogue.ts";
import { EVENT_ROWS } from "../../src/metrics/definitions/events.ts";

const PREFACE = `# Metrics

Generated from the table in \`src/metrics/\` by \`npm run generate\`; \`kvmeter metrics\` prints it.

The names are an interface: they change with a major version only. A counter only grows; an up-down counter is an
amount that can be added up over domains; a gauge cannot. Units are UCUM: \`By\` bytes, \`s\` seconds, \`{…}\` what a count
counts. A field that libvirt does not send makes no point: nothing is 0 because it could not be read.

Metrics that are not sent by default are switched on by \`metrics.enable\`, all others off by \`metrics.disable\`, both
with \`*\` and \`?\` as patterns. A group of libvirt's statistics that no metric needs is not asked for, which is what
saves CPU time of the guests.

Sums start when the domain's QEMU process started, or where that is not known, when they were first seen. A counter
that goes down starts anew. Every point carries the time at which its value was read. What was read beside the cycles
and comes after newer values of its resource carries their time, and nothing is told twice: Prometheus refuses a whole
request for a time that goes back.

In a source, N is a number and * a name.
`;

const DOMAINS = `## Domains

One resource per domain: \`libvirt.domain.uuid\`, \`libvirt.domain.name\`, \`host.name\`, \`host.id\`, \`service.name\`,
\`service.instance.id\` (the uuid) and, where nova made the domain, \`openstack.instance.name\`, \`openstack.project.id\`,
\`openstack.project.name\`, \`openstack.user.id\`, \`openstack.flavor.name\`. With \`identity: attributes\` the uuid and the
name stand on every point as well.

Of a domain that does not run only its status and the reason for it are sent. States and reasons have libvirt's names
in lower case: \`paused\`, \`ioerror\`. A number that libvirt has not named yet is \`unknown_<number>\` in the reason; no
state then has the value 1.

Directions are the guest's: \`receive\` is what the guest receives. An interface without a name, as with SR-IOV, goes by
its alias or its MAC. \`kvm.event\` is KVM's own name of a statistic.
`;

const HYPERVISOR = `## Hypervisor

Resources of a hypervisor's host: \`host.name\`, \`host.id\`, \`host.arch\`, \`os.type\`, \`service.name\` and
\`service.instance.id\`. That one is the host's id and the URI, \`<host.id>/qemu:///system\`, with \`inventory\` behind it
for storage pools, networks and hardware, and for what the kernel says (below) the host's id alone. Each of the three is
read at times of its own, and Prometheus, which keeps a series \`target_info\` for every instance, refuses a request with
a time that lies before one that it has. Join them by \`host.id\` or \`host.name\`, not by the instance.

While libvirt is away only \`libvirt.connection.status\` is sent: nothing is known of the domains, so nothing is said. A
sum over domains leaves none out: it uses what was last read of one that does not answer, and is not sent while there
is one of which nothing was ever read.

Storage pools, networks, leases and the host's hardware are read at an interval of their own, \`hypervisor.interval\`, and
each reading is sent once, with the time at which it was made. A pool that does not answer, since its file server is
gone, holds up nothing: its values wait, and \`kvmeter.source.status\` says so. A size is told of active pools that have
one. With \`libvirt.host.cpu.count\` and \`libvirt.host.memory.limit\` overcommit can be told of a hypervisor on another
machine, too.
`;

const HOST = `## Host

What the host's kernel says in /proc and /sys, on a resource with the host's id as \`service.instance.id\`.
\`operations.md\` has what each reader needs.

Sums start when the host booted. A value that is read less often than in every cycle carries the time at which it was
read. \`used\` memory is what is neither free nor cache nor buffers; the kernel's slabs are in it. \`user\` and \`nice\`
have the time of domains' vCPUs in them, which is \`linux.cpu.guest_time\`. Huge pages are told apart by
\`linux.hugepage.size\`, in bytes. Loop, RAM and zram devices and partitions are left out, and so are file systems that
are kept on no disk. A domain's tap is left out unless \`host.taps\` is true: it is \`libvirt.domain.network.*\`.

Overcommit is a query: \`libvirt.host.vcpu.allocated\` over \`system.cpu.logical.count\`, and
\`libvirt.host.memory.allocated\` over \`system.memory.limit\`.
`;

const AGENT = `## Agent

One resource for the agent's own process.
`;

const EVENTS = `## Log records

What happens to a domain is sent as OTLP log records on the domain's resource to every destination that takes logs, and
counted in \`libvirt.domain.events\`. Each carries \`libvirt.event.type\` and \`libvirt.event.detail\`, in the words of
libvirt's header in lower case, and the attributes below where libvirt tells them. libvirt tells the time
of none; the observed time is that of its arrival. The table is \`src/metrics/definitions/events.ts\`.

| event name | severity | attributes | what happened |
| --- | --- | --- | --- |
`;

/** docs/metrics.md, from the catalogue. */
export function renderMetricsDoc(): string {
  const entries = catalogue();
  const sections = Map.groupBy(entries, ({ name }): string => {
    if (name.startsWith("system.") || name.startsWith("linux.")) return HOST;
    if (!name.startsWith("libvirt.")) return AGENT;
    return name.startsWith("libvirt.domain.") ? DOMAINS : HYPERVISOR;
  });
  const texts = [DOMAINS, HYPERVISOR, HOST, AGENT].flatMap((heading) => [
    heading,
    metricsMarkdown(sections.get(heading) ?? []),
  ]);
  return [PREFACE, ...texts, EVENTS + eventsMarkdown()].join("\n");
}

function eventsMarkdown(): string {
  return Object.values(EVENT_ROWS)
    .map(({ name, severity, severities = {}, attributes = {}, description }) => {
      const others = Object.entries(severities).map(([what, level]) => `${what}: ${level}`);
      const level = [severity, ...others].join(", ");
      const names = Object.keys(attributes).map((attribute) => `\`${attribute}\``);
      return `| \`${name}\` | ${level} | ${names.join(", ")} | ${description} |\n`;
    })
    .join("");
}
