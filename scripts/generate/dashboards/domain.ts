import { growthWithin } from "../promql/growth.ts";
import { type Dashboard, lines, now, type Panel } from "./dashboard.ts";
import { OF_DOMAIN, ON_HOST, rate, slowRate } from "./selections.ts";

const DEVICE = "{system.device} {disk.io.direction}";
const INTERFACE = "{network.interface.name} {network.io.direction}";

const value = (metric: string) => `{"${metric}", ${OF_DOMAIN}}`;
const growth = (metric: string) => rate(metric, OF_DOMAIN);

/** Several metrics in one panel, each called by a word. */
function together(
  title: string,
  metrics: Readonly<Record<string, string>>,
  rest: Pick<Panel, "unit" | "about" | "stacked">,
): Panel {
  const queries = Object.entries(metrics).map(([legend, metric]) => ({ query: value(metric), legend }));
  return { title, kind: "time", queries, ...rest };
}

/** One virtual machine, in everything that is known of it. */
export const DOMAIN_DASHBOARD: Dashboard = {
  uid: "kvmeter-domain",
  title: "kvmeter: virtual machine",
  about: "One virtual machine: state, CPU, memory, disks and network, from the host's side and the guest's.",
  variables: [
    {
      name: "host",
      title: "Host",
      label: "host.name",
      query: '{"libvirt.connection.status"}',
      several: false,
    },
    {
      name: "domain",
      title: "VM",
      label: "libvirt.domain.name",
      query: `{"libvirt.domain.status", ${ON_HOST}}`,
      several: false,
    },
  ],
  rows: [
    {
      title: "Now",
      panels: [
        now("State", `${value("libvirt.domain.status")} == 1`, {
          unit: "none",
          legend: "{libvirt.domain.state}",
          nameOnly: true,
        }),
        now("Why", value("libvirt.domain.state.reason"), {
          unit: "none",
          legend: "{libvirt.domain.state.reason}",
          nameOnly: true,
        }),
        now("Up for", value("libvirt.domain.uptime"), { unit: "s" }),
        now("vCPUs", value("libvirt.domain.vcpu.count"), { unit: "none" }),
        now("Memory", value("libvirt.domain.memory.balloon.size"), { unit: "bytes" }),
        now("CPU", value("libvirt.domain.cpu.utilization"), { unit: "percentunit", steps: [0.85, 0.95] }),
      ],
    },
    {
      title: "CPU",
      panels: [
        lines("Share of its vCPUs", value("libvirt.domain.cpu.utilization"), {
          unit: "percentunit",
          legend: "CPU",
          steps: [0.85, 0.95],
        }),
        lines("Each vCPU", growth("libvirt.domain.vcpu.time"), {
          unit: "percentunit",
          legend: "vCPU {cpu.logical_number}",
        }),
        lines("Steal of each vCPU", growth("libvirt.domain.vcpu.delay_time"), {
          unit: "percentunit",
          legend: "vCPU {cpu.logical_number}",
          about: "Ready to run, and the host had no CPU for it.",
          steps: [0.05, 0.1],
        }),
        lines("User and kernel time on the host", growth("libvirt.domain.cpu.mode_time"), {
          unit: "short",
          legend: "{cpu.mode}",
          stacked: true,
        }),
        lines("Threads of QEMU that wait for a CPU", growth("libvirt.domain.process.cpu.wait_time"), {
          unit: "percentunit",
          legend: "{libvirt.thread.type}",
        }),
      ],
    },
    {
      title: "Memory",
      panels: [
        together(
          "As the host sees it",
          {
            limit: "libvirt.domain.memory.limit",
            given: "libvirt.domain.memory.balloon.size",
            resident: "libvirt.domain.memory.rss",
          },
          { unit: "bytes" },
        ),
        together(
          "As the guest sees it",
          {
            all: "libvirt.domain.memory.guest.limit",
            used: "libvirt.domain.memory.guest.usage",
            available: "libvirt.domain.memory.guest.available",
            cached: "libvirt.domain.memory.guest.cached",
          },
          { unit: "bytes" },
        ),
        lines("Swapped by the guest", slowRate("libvirt.domain.paging.io", OF_DOMAIN), {
          unit: "Bps",
          legend: "{system.paging.direction}",
        }),
        lines("Page faults in the guest", slowRate("libvirt.domain.paging.faults", OF_DOMAIN), {
          unit: "ops",
          legend: "{system.paging.fault.type}",
        }),
        lines("Age of the guest's figures", value("libvirt.domain.memory.stats.age"), {
          unit: "s",
          legend: "age",
          about: "Grows when the balloon driver is dead; the guest's memory is then what it was.",
          steps: [60, 300],
        }),
        together(
          "Memory of the QEMU process",
          {
            resident: "libvirt.domain.process.memory.usage",
            "swapped out": "libvirt.domain.process.memory.swap",
          },
          { unit: "bytes" },
        ),
      ],
    },
    {
      title: "Disks",
      panels: [
        lines("Traffic", growth("libvirt.domain.disk.io"), { unit: "Bps", legend: DEVICE }),
        lines("Operations", growth("libvirt.domain.disk.operations"), { unit: "ops", legend: DEVICE }),
        lines(
          "Latency",
          `${growth("libvirt.domain.disk.operation_time")}\n  / (${growth("libvirt.domain.disk.operations")} > 0)`,
          { unit: "s", legend: DEVICE, steps: [0.02, 0.05] },
        ),
        lines(
          "Latency, 99 of 100 are faster",
          `histogram_quantile(
  0.99,
  sum by ("system.device", "libvirt.disk.operation", "le") (${growth("libvirt.domain.disk.operation.duration_bucket")})
)`,
          {
            unit: "s",
            legend: "{system.device} {libvirt.disk.operation}",
            about: "Needs libvirt 12.1 and latency histograms in the VM's XML.",
          },
        ),
        lines("Flushes", growth("libvirt.domain.disk.flush.operations"), {
          unit: "ops",
          legend: "{system.device}",
        }),
        {
          title: "Size",
          kind: "time",
          unit: "bytes",
          queries: [
            { query: value("libvirt.domain.disk.limit"), legend: "{system.device} for the guest" },
            { query: value("libvirt.domain.disk.allocation"), legend: "{system.device} in use" },
            { query: value("libvirt.domain.disk.physical"), legend: "{system.device} of the image" },
          ],
        },
      ],
    },
    {
      title: "Network",
      panels: [
        lines("Traffic", growth("libvirt.domain.network.io"), { unit: "Bps", legend: INTERFACE }),
        lines("Packets", growth("libvirt.domain.network.packet.count"), { unit: "pps", legend: INTERFACE }),
        lines("Dropped", growth("libvirt.domain.network.packet.dropped"), { unit: "pps", legend: INTERFACE }),
        lines("Errors", growth("libvirt.domain.network.errors"), { unit: "pps", legend: INTERFACE }),
      ],
    },
    {
      title: "What happens to it",
      panels: [
        lines(
          "Does not answer",
          `max by ("libvirt.control.state") (${value("libvirt.domain.control.status")}) or vector(0)`,
          {
            unit: "none",
            legend: "{libvirt.control.state}",
          },
        ),
        lines("Jobs, such as migrations", value("libvirt.domain.job.progress"), {
          unit: "percentunit",
          legend: "{libvirt.job.operation}",
        }),
        lines(
          "Events",
          `sum by ("libvirt.event.type", "libvirt.event.detail") (
  ${growthWithin(value("libvirt.domain.events"), "$__rate_interval")}
)`,
          { unit: "none", legend: "{libvirt.event.type} {libvirt.event.detail}" },
        ),
      ],
    },
  ],
};
