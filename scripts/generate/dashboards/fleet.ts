import { type Dashboard, lines, now, type Panel } from "./dashboard.ts";
import { BY_DOMAIN, ON_HOSTS, rate } from "./selections.ts";

const DOMAIN = "{libvirt.domain.name} ({host.name})";

/** The ten domains with the most of something. */
function top(title: string, query: string, rest: Pick<Panel, "unit" | "steps" | "about">): Panel {
  return lines(title, `topk(10, ${query})`, { ...rest, legend: DOMAIN });
}

const latency = `sum by (${BY_DOMAIN}) (${rate("libvirt.domain.disk.operation_time", ON_HOSTS)})
  / (sum by (${BY_DOMAIN}) (${rate("libvirt.domain.disk.operations", ON_HOSTS)}) > 0)`;

/** All hosts: is anything wrong, who is full, which domains stand out. */
export const FLEET_DASHBOARD: Dashboard = {
  uid: "kvmeter-fleet",
  title: "kvmeter: fleet",
  about: "All hypervisors: what is wrong, how full they are, and the virtual machines that stand out.",
  variables: [
    {
      name: "host",
      title: "Host",
      label: "host.name",
      query: '{"libvirt.connection.status"}',
      several: true,
    },
  ],
  rows: [
    {
      title: "Now",
      panels: [
        now("Hosts", `count(count by ("host.name") ({"libvirt.connection.status", ${ON_HOSTS}}))`, {
          unit: "none",
        }),
        now(
          "VMs running",
          `sum({"libvirt.host.domain.count", "libvirt.domain.state"="running", ${ON_HOSTS}})`,
          {
            unit: "none",
          },
        ),
        now(
          "VMs that do not answer",
          `count({"libvirt.domain.control.status", "libvirt.control.state"=~"occupied|error", ${ON_HOSTS}} == 1) or vector(0)`,
          { unit: "none", steps: [1, 1] },
        ),
        now(
          "VMs paused by I/O errors",
          `count(
  {"libvirt.domain.state.reason", "libvirt.domain.state"="paused", "libvirt.domain.state.reason"="ioerror", ${ON_HOSTS}}
) or vector(0)`,
          { unit: "none", steps: [1, 1] },
        ),
        now(
          "Connections lost",
          `sum({"libvirt.connection.status", "libvirt.connection.state"="disconnected", ${ON_HOSTS}})`,
          { unit: "none", steps: [1, 1] },
        ),
        now("Sources that fail", `sum({"kvmeter.source.status", "kvmeter.source.state"="failed"})`, {
          unit: "none",
          steps: [1, 1],
        }),
      ],
    },
    {
      title: "Hosts",
      panels: [
        lines(
          "vCPUs for each CPU",
          `sum by ("host.name") ({"libvirt.host.vcpu.allocated", ${ON_HOSTS}})
  / max by ("host.name") ({"system.cpu.logical.count", ${ON_HOSTS}})`,
          { unit: "short", legend: "{host.name}", steps: [4, 8] },
        ),
        lines(
          "Memory of VMs over memory of the host",
          `sum by ("host.name") ({"libvirt.host.memory.allocated", ${ON_HOSTS}})
  / max by ("host.name") ({"system.memory.limit", ${ON_HOSTS}})`,
          { unit: "percentunit", legend: "{host.name}", steps: [0.9, 1] },
        ),
        lines(
          "CPU in use",
          `1 - sum by ("host.name") ({"system.cpu.utilization", "cpu.mode"=~"idle|iowait", ${ON_HOSTS}})`,
          { unit: "percentunit", legend: "{host.name}" },
        ),
        lines("Memory available", `max by ("host.name") ({"system.memory.linux.available", ${ON_HOSTS}})`, {
          unit: "bytes",
          legend: "{host.name}",
        }),
        lines(
          "VMs by state",
          `sum by ("libvirt.domain.state") ({"libvirt.host.domain.count", ${ON_HOSTS}}) > 0`,
          {
            unit: "none",
            legend: "{libvirt.domain.state}",
            stacked: true,
          },
        ),
        lines("vCPUs given to VMs", `sum by ("host.name") ({"libvirt.host.vcpu.allocated", ${ON_HOSTS}})`, {
          unit: "none",
          legend: "{host.name}",
          stacked: true,
        }),
      ],
    },
    {
      title: "Virtual machines that stand out",
      panels: [
        top(
          "CPU, share of its vCPUs",
          `max by (${BY_DOMAIN}) ({"libvirt.domain.cpu.utilization", ${ON_HOSTS}})`,
          {
            unit: "percentunit",
            steps: [0.85, 0.95],
          },
        ),
        top(
          "Steal, share of a vCPU's time",
          `avg by (${BY_DOMAIN}) (${rate("libvirt.domain.vcpu.delay_time", ON_HOSTS)})`,
          {
            unit: "percentunit",
            about: "Time in which a vCPU was ready to run and the host had no CPU for it.",
            steps: [0.05, 0.1],
          },
        ),
        top(
          "Guest memory in use",
          `max by (${BY_DOMAIN}) ({"libvirt.domain.memory.guest.utilization", ${ON_HOSTS}})`,
          {
            unit: "percentunit",
            about: "Share that cannot be had without swapping, as the guest's balloon driver tells it.",
            steps: [0.9, 0.95],
          },
        ),
        top("Disk latency", latency, { unit: "s", steps: [0.02, 0.05] }),
        top("Disk traffic", `sum by (${BY_DOMAIN}) (${rate("libvirt.domain.disk.io", ON_HOSTS)})`, {
          unit: "Bps",
        }),
        top(
          "Disk operations",
          `sum by (${BY_DOMAIN}) (${rate("libvirt.domain.disk.operations", ON_HOSTS)})`,
          {
            unit: "ops",
          },
        ),
        top("Network traffic", `sum by (${BY_DOMAIN}) (${rate("libvirt.domain.network.io", ON_HOSTS)})`, {
          unit: "Bps",
        }),
        top(
          "Packets dropped",
          `sum by (${BY_DOMAIN}) (${rate("libvirt.domain.network.packet.dropped", ON_HOSTS)})`,
          {
            unit: "pps",
          },
        ),
      ],
    },
    {
      title: "kvmeter itself",
      panels: [
        lines("How long a source took", '{"kvmeter.source.duration"}', {
          unit: "s",
          legend: "{host.name} {kvmeter.source}",
        }),
        lines(
          "Data points that arrived",
          'sum by ("host.name", "otel.component.name") (rate({"otel.sdk.exporter.metric_data_point.exported"}[$__rate_interval]))',
          { unit: "short", legend: "{host.name} to {otel.component.name}" },
        ),
        lines(
          "Data points dropped",
          'sum by ("host.name", "kvmeter.drop.reason") (rate({"kvmeter.dropped.data_points"}[$__rate_interval])) > 0 or vector(0)',
          { unit: "short", legend: "{host.name} {kvmeter.drop.reason}" },
        ),
        lines("Memory of the agent", '{"process.memory.usage"}', { unit: "bytes", legend: "{host.name}" }),
      ],
    },
  ],
};
