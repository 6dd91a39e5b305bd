import { type AlertRule, DOMAIN } from "./rule.ts";

const USUAL = "avg_over_time(domain_disk:latency:mean5m[1d] offset 30m)";
const SPREAD = "stddev_over_time(domain_disk:latency:mean5m[1d] offset 30m)";

/** About one domain. */
export const DOMAIN_RULES: readonly AlertRule[] = [
  {
    alert: "DomainCpuHigh",
    query: "domain:cpu_utilization:avg5m > 0.85",
    lasting: "10m",
    severity: "warning",
    summary: "{libvirt.domain.name} on {host.name} uses {value} of its vCPUs",
    value: "percentage",
    runbook: `The domain has used more than 85 % of its vCPUs for a quarter of an hour. That is its owner's business unless it is
also slow: see the guest's own \`top\`. In the VM dashboard, user time is what the guest computes; system time is exits,
I/O and emulation on the host's side. If steal is high as well, the guest gets less than it is shown: see
DomainCpuSteal. Mend: more vCPUs (\`virsh setvcpus\`), or less work.`,
  },
  {
    alert: "DomainCpuSteal",
    query: "domain:cpu_steal:avg5m > 0.1",
    lasting: "10m",
    severity: "warning",
    summary: "vCPUs of {libvirt.domain.name} on {host.name} wait for a CPU {value} of the time",
    value: "percentage",
    runbook: `The vCPUs were ready to run and did not get a CPU of the host. Either the host has too much to do (host dashboard: CPU
and pressure, HostCpuOvercommit) or the domain's own pinning or quota is too tight (\`virsh vcpupin\`, \`virsh schedinfo\`;
\`libvirt.domain.cgroup.cpu.throttled_time\` grows with a quota). Mend: migrate a busy domain away, widen the pinning,
lift the quota.`,
  },
  {
    alert: "DomainGuestMemoryLow",
    query: "domain:guest_memory_available:ratio < 0.1",
    lasting: "5m",
    severity: "warning",
    summary: "{libvirt.domain.name} on {host.name} has {value} of its memory available",
    value: "percentage",
    runbook: `The guest's kernel says that less than a tenth of its memory can be had without swapping; caches that it can drop
count as available. What is next is swapping (VM dashboard, paging) and then its out-of-memory killer. Look inside the
guest at what uses it. Mend: more memory (\`virsh setmem\` up to the maximum, a larger balloon), or fewer services. The
alert needs figures of the balloon driver that are fresh; without them see DomainBalloonStatisticsDead.`,
  },
  {
    alert: "DomainBalloonStatisticsDead",
    query: `max by (${DOMAIN}) ({"libvirt.domain.memory.stats.age"}) > 300
  and on (${DOMAIN}) {"libvirt.domain.status", "libvirt.domain.state"="running"} == 1`,
    lasting: "5m",
    severity: "info",
    summary: "Memory figures of {libvirt.domain.name} on {host.name} are {value} old",
    value: "duration",
    runbook: `The balloon driver in the guest has stopped to tell how much memory is in use, so everything under
\`libvirt.domain.memory.guest\` is what it was then. Usual causes: the period is not set (\`virsh dommemstat VM --period 10
--live --config\`), the driver is not loaded or hangs (\`lsmod | grep virtio_balloon\` in the guest; on Windows the service
BLNSVR), or the guest itself hangs. A domain that never told anything has no age and no alert: \`kvmeter check\` lists it.`,
  },
  {
    alert: "DomainDoesNotAnswer",
    query: `max by (${DOMAIN}, "libvirt.control.state") (
  {"libvirt.domain.control.status", "libvirt.control.state"=~"occupied|error"}
) == 1`,
    lasting: "1m",
    severity: "critical",
    summary: "QEMU of {libvirt.domain.name} on {host.name} does not answer ({libvirt.control.state})",
    runbook: `The domain's QEMU has not answered libvirt for more than a minute. kvmeter goes on with all others; of this one only
its state and its interfaces are told. operations.md, "A VM that does not answer", has the causes and what to do for
each: a stopped process, storage that does not come back, a debugger, a lost monitor.`,
  },
  {
    alert: "DomainDiskLatencyHigh",
    query: "domain_disk:latency:mean5m > 0.05",
    lasting: "5m",
    severity: "warning",
    summary: "A {disk.io.direction} of {system.device} of {libvirt.domain.name} on {host.name} takes {value}",
    value: "duration",
    runbook: `Requests of the guest take more than 50 ms on average. If other domains on the same host or storage are slow too, it is
the storage: host dashboard, disks and I/O pressure. If it is this one alone, look whether it is throttled (\`virsh
blkdeviotune VM DEVICE\`) or has a queue of large requests (bytes over operations). Mend: lift the throttle, move the
image, spread the load. The threshold suits disks and network storage; for NVMe a tenth of it is high already.`,
  },
  {
    alert: "DomainDiskLatencyUnusual",
    query: `domain_disk:latency:mean5m > 0.005
  and domain_disk:latency:mean5m > 3 * ${USUAL}
  and domain_disk:latency:mean5m > ${USUAL} + 4 * ${SPREAD}
  and count_over_time(domain_disk:latency:mean5m[1d] offset 30m) > 60`,
    lasting: "10m",
    severity: "warning",
    summary:
      "A {disk.io.direction} of {system.device} of {libvirt.domain.name} on {host.name} takes {value}, far longer than usual",
    value: "duration",
    runbook: `The disk is at least three times as slow as it was over the last day, and outside of what that day's own variation
explains, even if it is below 50 ms. It is an early sign of storage that degrades: a failing disk or path, a rebuild, a
snapshot chain that has grown, a neighbour that has begun a backup. See which other domains fire at the same time: what
they share is the cause. Needs an hour of history; a disk that is idle most of the time is not judged.`,
  },
  {
    alert: "DomainNetworkErrors",
    query: "domain_interface:errors:ratio5m > 0.001",
    lasting: "5m",
    severity: "warning",
    summary:
      "{value} of the packets on {network.interface.name} of {libvirt.domain.name} on {host.name} are errors ({network.io.direction})",
    value: "percentage",
    runbook: `More than one packet in a thousand fails on the domain's interface on the host. On a tap device that is nearly always
the host's side: vhost out of memory, an offload that the driver does wrong, a bridge port that is down; with SR-IOV it
is the card (\`ethtool -S\`). \`ip -s -s link show DEVICE\` tells the kinds. Drops are not errors: a slow guest has
those, see \`libvirt.domain.network.packet.dropped\`.`,
  },
  {
    alert: "DomainOutOfSpace",
    query: `max by (${DOMAIN}, "system.device") (
  {"libvirt.domain.disk.status", "libvirt.disk.state"="no_space"}
) == 1`,
    lasting: "0m",
    severity: "critical",
    summary: "{libvirt.domain.name} on {host.name} stands still: no space for {system.device}",
    runbook: `A write of the guest found no space (ENOSPC), and QEMU has paused the domain so that nothing is lost. It goes on where
it was as soon as there is space and somebody says so. See where the image is (\`virsh domblklist VM\`) and what fills that
file system or pool (\`virsh pool-info\`). Mend: make space, then \`virsh resume VM\`. Do not reset it: the guest has not
noticed anything.`,
  },
  {
    alert: "DomainPausedByIoError",
    query: `max by (${DOMAIN}) (
  {"libvirt.domain.state.reason", "libvirt.domain.state"="paused", "libvirt.domain.state.reason"="ioerror"}
) == 1`,
    lasting: "0m",
    severity: "critical",
    summary: "{libvirt.domain.name} on {host.name} stands still after an I/O error",
    runbook: `QEMU has paused the domain because one of its disks failed. \`virsh domblkerror VM\` names the disk and whether it was
space or another error; QEMU's log in /var/log/libvirt/qemu and the host's kernel log tell the rest. Mend the storage,
then \`virsh resume VM\`, which repeats the request.`,
  },
  {
    alert: "DomainClockDrift",
    query: `max by (${DOMAIN}) (abs({"libvirt.domain.guest.clock.offset"})) > 1`,
    lasting: "10m",
    severity: "warning",
    summary: "The clock of {libvirt.domain.name} on {host.name} is {value} away from the host's",
    value: "duration",
    runbook: `The guest's clock differs from the host's by more than a second: logs do not line up, tickets and certificates fail.
Usual after a pause, a restore or a migration when nothing sets the clock in the guest. Look at \`chronyc tracking\` in
the guest, and on the host too, since it may be the one that is wrong. Mend: run chrony with ptp_kvm, or \`virsh domtime
VM --sync\` once. Needs the guest agent.`,
  },
];
