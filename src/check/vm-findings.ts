import type { FindingKind } from "./finding-kind.ts";

/** What a VM can lack, as rows of {@link FINDINGS}. */
export const VM_FINDINGS = {
  "vm-xml": {
    area: "domains",
    state: "warn",
    looksAt: "The VM's XML can be read and understood.",
  },
  "vm-balloon": {
    area: "domains",
    state: "warn",
    looksAt: "It has a memory balloon.",
    says: "there is no memory balloon: nothing is known of the guest's memory",
    mend: "virsh -c {uri} edit {vm}, put <memballoon model='virtio'><stats period='{period}'/></memballoon> into <devices> in place of the one that is there, then stop the VM and start it again",
  },
  "vm-balloon-period": {
    area: "domains",
    state: "warn",
    looksAt: "The balloon has a statistics period.",
    says: "the balloon has no statistics period: nothing is known of the guest's memory",
    mend: "virsh -c {uri} dommemstat {vm} --period {period} {scope}",
  },
  "vm-balloon-driver": {
    area: "domains",
    state: "warn",
    looksAt:
      "The guest's balloon driver has told of its memory lately. A VM of which QEMU started less than 30 s ago is given time.",
    says: "the guest's balloon driver {silence}: what is known of the guest's memory is missing or old",
    mend: "in the guest: modprobe virtio_balloon (Linux), or install the Balloon driver and service of virtio-win (Windows); a guest without an operating system has none",
  },
  "vm-guest-agent": {
    area: "domains",
    state: "warn",
    looksAt: "Where there is a channel for a guest agent, an agent is on its other end.",
    says: "there is a channel for a guest agent, but no agent on its other end",
    mend: "in the guest: install qemu-guest-agent and start it; or take the channel away: virsh -c {uri} detach-device-alias {vm} {alias} --live, and with virsh edit for the VM's next start",
  },
  "vm-guest-agent-channel": {
    area: "domains",
    state: "skip",
    looksAt: "There is a channel for a guest agent.",
    says: "there is no channel for a guest agent: libvirt.domain.guest.agent.status is not told",
    mend: "virsh -c {uri} edit {vm}, put <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel> into <devices>, then stop the VM and start it again",
  },
  "vm-kvm": {
    area: "domains",
    state: "skip",
    looksAt: "KVM runs the VM.",
    says: "it is emulated (type {type}): slow, and without KVM's statistics",
    mend: "virsh -c {uri} edit {vm}, make it <domain type='kvm'>, then stop the VM and start it again; /dev/kvm must be there",
  },
  "vm-kvm-statistics": {
    area: "domains",
    state: "warn",
    looksAt: "Where `metrics.enable` asks for KVM's statistics, they come.",
    says: "KVM's statistics are switched on in metrics.enable, and there are none{why}",
    mend: "virsh -c {uri} edit {vm}, make it <domain type='kvm'>, then stop the VM and start it again, on Linux 5.14, QEMU 7.1 and libvirt 8.9 or newer; or take libvirt.domain.*.kvm.* out of metrics.enable",
  },
  "vm-disk-statistics": {
    area: "domains",
    state: "warn",
    looksAt: "Every disk that has something in it has statistics.",
    says: "disk {disks} has no statistics: {why}",
    mend: "virsh -c {uri} edit {vm}, make the disk of type file, block, network or volume, then stop the VM and start it again; or read its I/O where it is served",
  },
  "vm-disk-latency": {
    area: "domains",
    state: "skip",
    looksAt: "From libvirt 12.1 on: disks record how long their operations take.",
    says: "disks record no latency histogram: libvirt.domain.disk.operation.duration is not told",
    mend: "virsh -c {uri} edit {vm}, put <statistics><latency-histogram><bin start='0'/><bin start='100000'/><bin start='1000000'/><bin start='10000000'/><bin start='100000000'/></latency-histogram></statistics> into each disk's <driver>, then stop the VM and start it again",
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
