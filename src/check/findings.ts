/**
 * Everything that `kvmeter check` can find, as data: what is looked at, how bad it is, and what mends it. A `{word}` in a
 * text stands for what the check knows of the case.
 */
import type { FindingKind } from "./finding-kind.ts";
import { VM_FINDINGS } from "./vm-findings.ts";

/** Adding a finding is adding its row. */
export const FINDINGS = {
  configuration: {
    area: "configuration",
    state: "fail",
    looksAt: "The file and the environment can be read, every key is known and every value fits.",
  },
  "configuration-notice": {
    area: "configuration",
    state: "warn",
    looksAt: "Nothing in them is without effect or dangerous.",
  },
  "configuration-secrets": {
    area: "configuration",
    state: "warn",
    looksAt: "A file with credentials in it is not for everybody to read.",
    says: "every user of this machine can read the credentials in it",
    mend: "chmod o-rwx {file}",
  },
  listen: {
    area: "configuration",
    state: "fail",
    looksAt: "The local endpoint's address can be listened on, or an agent answers there already.",
  },
  "libvirt-connection": {
    area: "libvirt",
    state: "fail",
    looksAt: "The socket, the host or the TLS port answers, and the daemon lets this user in, read-only.",
  },
  "libvirt-reading": {
    area: "libvirt",
    state: "fail",
    looksAt: "The daemon lists its VMs and tells of all of them: none hangs, is stopped or is busy.",
  },
  "libvirt-events": {
    area: "libvirt",
    state: "warn",
    looksAt: "The daemon tells of events.",
    says: "the daemon tells no events: libvirt.domain.events and log records are missing",
    mend: "use libvirt 1.2 or newer, and its qemu driver",
  },
  "libvirt-unsupported": {
    area: "libvirt",
    state: "fail",
    looksAt: "libvirt is 4.5 or newer.",
    says: "current value is {version}: kvmeter needs 4.5 or newer, to ask for statistics without waiting for VMs that hang",
    mend: "upgrade libvirt",
  },
  "libvirt-too-old": {
    area: "libvirt",
    state: "warn",
    looksAt: "This libvirt has what `metrics.enable` asks for.",
    says: "{metrics}: needs libvirt {since}, current value is {version}",
    mend: "upgrade libvirt to {since} or newer, or take {patterns} out of metrics.enable",
  },
  "libvirt-newer": {
    area: "libvirt",
    state: "skip",
    looksAt: "What a newer libvirt would add.",
    says: "libvirt {since} would add {what}",
    mend: "upgrade libvirt to {since} or newer",
  },
  "libvirt-slow": {
    area: "libvirt",
    state: "warn",
    looksAt: "Reading everything once fits into the interval, as the agent's first cycle has to.",
    says: "reading everything takes {took}, the interval is {interval}",
    mend: "interval: {better}",
  },
  "libvirt-none-chosen": {
    area: "libvirt",
    state: "warn",
    looksAt: "`domains.include` and `domains.exclude` leave something to read.",
    says: "domains.include and domains.exclude choose none of its {count} VMs",
    mend: 'domains: {{ include: ["*"], exclude: [] }}',
  },
  ...VM_FINDINGS,
  "host-off": {
    area: "host",
    state: "skip",
    looksAt: "The machine itself is read.",
  },
  "host-reader": {
    area: "host",
    state: "warn",
    looksAt: "Every file of the kernel's that is there can be read and understood.",
  },
  "host-absent": {
    area: "host",
    state: "warn",
    looksAt: "Every reader has something to read.",
  },
  "host-container": {
    area: "host",
    state: "warn",
    looksAt: "/proc is the machine's, not a container's.",
    mend: "kvmeter --procfs /host/proc --sysfs /host/sys, with -v /proc:/host/proc:ro -v /sys:/host/sys:ro for the container; or --pid=host --net=host",
  },
  "process-sight": {
    area: "host",
    state: "warn",
    looksAt: "The QEMU processes of local VMs can be seen.",
  },
  "process-rights": {
    area: "host",
    state: "warn",
    looksAt: "/proc/PID/io, fd and numa_maps of QEMU may be read, as far as a metric needs them.",
    mend: "[Service] CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH and AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH, a line each (systemctl edit kvmeter, then systemctl restart kvmeter); or run it as QEMU's user",
  },
  "state-none": {
    area: "state",
    state: "warn",
    looksAt: "There is one.",
    says: "there is none: what waits for a destination that is away, and up to where deltas were told, is lost at a restart",
    mend: "state_directory: /var/lib/kvmeter",
  },
  "state-unusable": {
    area: "state",
    state: "fail",
    looksAt: "It is there or can be made, and this user can write to it and to what is in it.",
    says: "{problem}",
  },
  "state-in-use": {
    area: "state",
    state: "fail",
    looksAt: "No other agent uses it. The one that runs with this very configuration may.",
  },
  "state-full": {
    area: "state",
    state: "fail",
    looksAt: "Its file system has room.",
    says: "{room} left in its file system: what waits for a destination that is away cannot be kept",
    mend: "make room there (du -x -d 1 {mount} | sort -n), or give another state_directory",
  },
  "state-room": {
    area: "state",
    state: "warn",
    looksAt: "There is room for queues that are full.",
    says: "{room} left in its file system, queues may take {limit}",
    mend: "make room there, or lower queue.max_size of the destinations",
  },
  "clock-off": {
    area: "clock",
    state: "warn",
    looksAt: "This machine's clock is within 2 s of the destinations' that tell theirs (HTTP).",
    says: "this clock is {offset} that of {who}",
    mend: "timedatectl set-ntp true (or chronyc makestep) on the machine whose clock is wrong; date -u tells",
  },
  "clock-wrong": {
    area: "clock",
    state: "fail",
    looksAt: "It is within five minutes: beyond that backends refuse points, or show them nowhere.",
    says: "this clock is {offset} that of {who}: points may be refused, or found nowhere",
    mend: "timedatectl set-ntp true (or chronyc makestep) on the machine whose clock is wrong; date -u tells",
  },
  "clock-unknown": {
    area: "clock",
    state: "skip",
    looksAt: "Somebody is there to compare it with.",
    says: "nobody to compare it with: no destination tells the time, and systemd-timesyncd and chrony show no sign of being in step",
    mend: "timedatectl set-ntp true",
  },
  destination: {
    area: "destinations",
    state: "fail",
    looksAt:
      "It takes a request with two metrics of the check's own: name, port, protocol, TLS, credentials and path fit.",
  },
  "destination-rejects": {
    area: "destinations",
    state: "fail",
    looksAt: "It rejects none of the points in that request.",
    says: "rejected {rejected} of {sent} points{words}",
    mend: "raise what its words name: a limit on series, labels or names, or on the age of points; it was sent {temporality} sums over {protocol}",
  },
  "destination-temporality": {
    area: "destinations",
    state: "fail",
    looksAt: "It takes the temporality that it is sent. One that is refused is tried with the other one.",
    says: "refuses {temporality} sums{words}",
    mend: "temporality: {other}",
  },
  "destination-limit": {
    area: "destinations",
    state: "warn",
    looksAt:
      "It takes requests as large as this host's cycles make them, up to its `request_limit`. A large one is tried, padded with nothing.",
    says: "takes no request of {tried}: every large one is sent, refused, cut and sent again",
    mend: "request_limit: {limit}",
  },
  "destination-certificate": {
    area: "destinations",
    state: "warn",
    looksAt: "The backend's certificate, and the client's own, are valid for two more weeks.",
    says: "{whose} certificate is valid until {date}, {days} more days",
    mend: "renew it; a running kvmeter takes the backend's new one by itself, and reads the client's at its next start",
  },
  "destination-logs": {
    area: "destinations",
    state: "fail",
    looksAt: "Where it is sent log records, it takes an empty request of them.",
  },
  "destination-plaintext": {
    area: "destinations",
    state: "warn",
    looksAt: "Credentials are encrypted on their way to another machine.",
    says: "credentials travel to {host} without encryption",
    mend: "endpoint: {secured}",
  },
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingId = keyof typeof FINDINGS;

/** A row, with what not every row has. */
export function kindOf(id: FindingId): FindingKind {
  return FINDINGS[id];
}
