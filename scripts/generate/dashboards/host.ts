import { type Dashboard, lines, now } from "./dashboard.ts";
import { BY_DOMAIN, ON_HOST, rate } from "./selections.ts";

const VM = "{libvirt.domain.name}";

/** A sum over each domain of the host. */
const each = (query: string) => `sum by (${BY_DOMAIN}) (${query})`;

/** One host: its own resources, and who uses them. */
export const HOST_DASHBOARD: Dashboard = {
  uid: "kvmeter-host",
  title: "kvmeter: host",
  about: "One hypervisor: its CPUs, memory, disks and network, and which virtual machines use them.",
  variables: [
    {
      name: "host",
      title: "Host",
      label: "host.name",
      query: '{"libvirt.connection.status"}',
      several: false,
    },
  ],
  rows: [
    {
      title: "Now",
      panels: [
        now("libvirt", `{"libvirt.connection.status", ${ON_HOST}} == 1`, {
          unit: "none",
          legend: "{libvirt.connection.state}",
          nameOnly: true,
        }),
        now("Version", `{"libvirt.host.info", ${ON_HOST}}`, {
          unit: "none",
          legend: "{libvirt.version}",
          nameOnly: true,
        }),
        now("VMs", `sum by ("libvirt.domain.state") ({"libvirt.host.domain.count", ${ON_HOST}}) > 0`, {
          unit: "none",
          legend: "{libvirt.domain.state}",
        }),
        now("vCPUs given to VMs", `sum({"libvirt.host.vcpu.allocated", ${ON_HOST}})`, { unit: "none" }),
        now("CPUs", `max({"system.cpu.logical.count", ${ON_HOST}})`, { unit: "none" }),
        now("Memory given to VMs", `sum({"libvirt.host.memory.allocated", ${ON_HOST}})`, { unit: "bytes" }),
      ],
    },
    {
      title: "CPU",
      panels: [
        lines("CPUs in use by VMs", each(rate("libvirt.domain.cpu.time", ON_HOST)), {
          unit: "short",
          legend: VM,
          stacked: true,
          about: "Seconds of CPU time for each second: vCPUs and QEMU's own threads.",
        }),
        lines("CPU of the host", `{"system.cpu.utilization", "cpu.mode"!="idle", ${ON_HOST}}`, {
          unit: "percentunit",
          legend: "{cpu.mode}",
          stacked: true,
        }),
        lines("Steal", `avg by (${BY_DOMAIN}) (${rate("libvirt.domain.vcpu.delay_time", ON_HOST)})`, {
          unit: "percentunit",
          legend: VM,
          about: "Share of time in which a vCPU was ready to run and the host had no CPU for it.",
          steps: [0.05, 0.1],
        }),
        lines("Pressure on CPUs", `{"system.cpu.linux.pressure.1m", ${ON_HOST}}`, {
          unit: "percentunit",
          legend: "{system.linux.pressure.stall_type}",
        }),
      ],
    },
    {
      title: "Memory",
      panels: [
        lines("Resident memory of VMs", `max by (${BY_DOMAIN}) ({"libvirt.domain.memory.rss", ${ON_HOST}})`, {
          unit: "bytes",
          legend: VM,
          stacked: true,
        }),
        lines("Memory of the host", `{"system.memory.usage", ${ON_HOST}}`, {
          unit: "bytes",
          legend: "{system.memory.state}",
          stacked: true,
        }),
        lines(
          "Swapped out of VMs",
          `max by (${BY_DOMAIN}) ({"libvirt.domain.process.memory.swap", ${ON_HOST}})`,
          {
            unit: "bytes",
            legend: VM,
          },
        ),
        lines("Pressure on memory", `{"system.memory.linux.pressure.1m", ${ON_HOST}}`, {
          unit: "percentunit",
          legend: "{system.linux.pressure.stall_type}",
        }),
      ],
    },
    {
      title: "Disks",
      panels: [
        lines("Disk traffic of VMs", each(rate("libvirt.domain.disk.io", ON_HOST)), {
          unit: "Bps",
          legend: VM,
          stacked: true,
        }),
        lines(
          "Disks of the host",
          `sum by ("system.device", "disk.io.direction") (${rate("system.disk.io", ON_HOST)})`,
          { unit: "Bps", legend: "{system.device} {disk.io.direction}" },
        ),
        lines("Busy disks", rate("system.disk.io_time", ON_HOST), {
          unit: "percentunit",
          legend: "{system.device}",
          about:
            "Share of time in which the disk had anything to do. A fast disk can be at 100 % and take more.",
        }),
        lines("Pressure on I/O", `{"system.io.linux.pressure.1m", ${ON_HOST}}`, {
          unit: "percentunit",
          legend: "{system.linux.pressure.stall_type}",
        }),
        lines("File systems", `{"system.filesystem.utilization", ${ON_HOST}}`, {
          unit: "percentunit",
          legend: "{system.filesystem.mountpoint}",
          steps: [0.8, 0.9],
        }),
        lines(
          "Storage pools",
          `{"libvirt.storage_pool.usage", ${ON_HOST}} / {"libvirt.storage_pool.limit", ${ON_HOST}}`,
          { unit: "percentunit", legend: "{libvirt.storage_pool.name}", steps: [0.8, 0.9] },
        ),
      ],
    },
    {
      title: "Network",
      panels: [
        lines("Network traffic of VMs", each(rate("libvirt.domain.network.io", ON_HOST)), {
          unit: "Bps",
          legend: VM,
          stacked: true,
        }),
        lines(
          "Interfaces of the host",
          `sum by ("network.interface.name", "network.io.direction") (${rate("system.network.io", ON_HOST)})`,
          { unit: "Bps", legend: "{network.interface.name} {network.io.direction}" },
        ),
        lines("Packets of VMs dropped", each(rate("libvirt.domain.network.packet.dropped", ON_HOST)), {
          unit: "pps",
          legend: VM,
        }),
        lines("Errors of the host's interfaces", rate("system.network.errors", ON_HOST), {
          unit: "pps",
          legend: "{network.interface.name} {network.io.direction}",
        }),
      ],
    },
    {
      title: "Virtual machines",
      panels: [
        {
          title: "All virtual machines",
          kind: "table",
          unit: "short",
          width: 24,
          queries: [
            {
              query: `max by (${BY_DOMAIN}) ({"libvirt.domain.cpu.utilization", ${ON_HOST}})`,
              legend: "CPU, share of vCPUs",
            },
            {
              query: `avg by (${BY_DOMAIN}) (${rate("libvirt.domain.vcpu.delay_time", ON_HOST)})`,
              legend: "steal, share",
            },
            {
              query: `max by (${BY_DOMAIN}) ({"libvirt.domain.memory.guest.utilization", ${ON_HOST}})`,
              legend: "memory, share",
            },
            { query: each(rate("libvirt.domain.disk.operations", ON_HOST)), legend: "disk operations/s" },
            { query: each(rate("libvirt.domain.network.io", ON_HOST)), legend: "network B/s" },
          ],
        },
      ],
    },
    {
      title: "kvmeter and libvirt",
      panels: [
        lines(
          "Calls to libvirt",
          `sum by ("rpc.method", "kvmeter.libvirt.outcome") (${rate("kvmeter.libvirt.calls", ON_HOST)})`,
          { unit: "ops", legend: "{rpc.method} {kvmeter.libvirt.outcome}" },
        ),
        lines("How long a call took", `{"kvmeter.libvirt.call.duration", ${ON_HOST}}`, {
          unit: "s",
          legend: "{rpc.method}",
        }),
        lines("CPU of the agent", `sum by ("cpu.mode") (${rate("process.cpu.time", ON_HOST)})`, {
          unit: "percentunit",
          legend: "{cpu.mode}",
        }),
        lines("Cycles left out", rate("kvmeter.cycles.skipped", ON_HOST), {
          unit: "short",
          legend: "{host.name}",
        }),
      ],
    },
  ],
};
