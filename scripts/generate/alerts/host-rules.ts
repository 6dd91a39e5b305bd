import { type AlertRule, HOST } from "./rule.ts";

const SEEN = '{"kvmeter.source.status"}';

/** About a host, its libvirt and its agent. */
export const HOST_RULES: readonly AlertRule[] = [
  {
    alert: "HostSilent",
    query: `count by (${HOST}) (last_over_time(${SEEN}[1d]))
  unless on (${HOST}) count by (${HOST}) (last_over_time(${SEEN}[5m]))`,
    lasting: "2m",
    severity: "critical",
    summary: "Nothing has come from kvmeter on {host.name} for more than five minutes",
    runbook: `A host that sent data within the last day sends none. Either the host is down, or its agent is, or the way from it to
here. In that order: \`ping\`, \`systemctl status kvmeter\`, \`journalctl -u kvmeter\`, whose lines name a destination that does
not take data. If other hosts are silent too, it is the network or the backend. What waited in the agent's queue comes
later; nothing is lost for as long as \`queue.max_age\`. After a host was taken out of service the alert ends by itself
within a day.`,
  },
  {
    alert: "LibvirtDisconnected",
    query: `max by (${HOST}, "libvirt.uri") (
  {"libvirt.connection.status", "libvirt.connection.state"="disconnected"}
) == 1`,
    lasting: "2m",
    severity: "critical",
    summary: "kvmeter on {host.name} has no connection to {libvirt.uri}",
    runbook: `The agent runs and libvirt does not answer it. Domains go on running, but nobody can manage or see them. \`systemctl
status libvirtd virtqemud\` and \`virsh -r -c URI list\` on the host; kvmeter's log has libvirt's own words. After an upgrade
look at the socket's rights: operations.md, "When libvirt is away".`,
  },
  {
    alert: "KvmeterSourceFailing",
    query: `max by (${HOST}, "kvmeter.source") ({"kvmeter.source.status", "kvmeter.source.state"="failed"}) == 1`,
    lasting: "5m",
    severity: "warning",
    summary: "kvmeter on {host.name} cannot read {kvmeter.source}",
    runbook: `One thing that the agent reads has failed in every cycle for five minutes; its metrics are missing, the others are
complete. The agent's log has one line with the reason and the mend, and \`kvmeter check\` on the host says it again.`,
  },
  {
    alert: "KvmeterDropsData",
    query: `sum by (${HOST}, "kvmeter.destination", "kvmeter.drop.reason") (
  increase({"kvmeter.dropped.data_points"}[15m])
) > 0`,
    lasting: "0m",
    severity: "warning",
    summary: "kvmeter on {host.name} drops data for {kvmeter.destination}: {kvmeter.drop.reason}",
    runbook: `Data points were dropped that will never arrive at that destination. delivery.md has a table of the reasons: a backend
that refuses them says why in the agent's log, a full queue wants more space or a backend that is up again.`,
  },
  {
    alert: "HostCpuOvercommit",
    query: "host:vcpu_overcommit:ratio > 4",
    lasting: "30m",
    severity: "info",
    summary: "{host.name} has {value} vCPUs for each CPU",
    value: "number",
    runbook: `The domains that are started have more than four vCPUs for each CPU of the host. That is no fault by itself: idle
vCPUs cost nothing. Look at DomainCpuSteal and the host's CPU pressure; where both are low, raise the threshold to what
your placement allows (nova's cpu_allocation_ratio). Where they are not, migrate domains away.`,
  },
  {
    alert: "HostMemoryOvercommit",
    query: "host:memory_overcommit:ratio > 1",
    lasting: "30m",
    severity: "warning",
    summary: "The domains of {host.name} were given {value} of its memory",
    value: "percentage",
    runbook: `The domains that are started were given more memory than the host has. It works as long as guests do not touch it
all, or pages are merged (KSM) or swapped; when it stops to work, the kernel kills a QEMU. Look at the host's available
memory, its swap and its memory pressure. Mend: migrate domains away, shrink balloons, add swap as a belt.`,
  },
  {
    alert: "MigrationFailures",
    query: `sum by (${HOST}) (host:migrations:last1h{"libvirt.migration.outcome"="failed"})
  / (sum by (${HOST}) (host:migrations:last1h) > 0) > 0.05`,
    lasting: "0m",
    severity: "warning",
    summary: "{value} of the migrations away from {host.name} failed within the last hour",
    value: "percentage",
    runbook: `More than 5 % of the migrations that began on the host within an hour failed; with few migrations that is one. \`virsh
domjobinfo VM --completed\` and libvirtd's log on both hosts have the reason: a CPU or machine type that the other host
does not have, storage that is not shared, a guest that dirties memory faster than the network takes it (VM dashboard:
job progress), a port that is closed (49152 and up). A migration that an operator cancelled does not count as failed.`,
  },
];
