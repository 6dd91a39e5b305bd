/** KVM's own statistics of real domains, where this machine has KVM. */
import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { DOMAIN_ROWS } from "../../src/metrics/definitions.ts";
import { compare } from "../domstats/compare.ts";
import { pausedDomains } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd, startNewerLibvirtd } from "./bed/libvirtd.ts";
import { whyNoKvm } from "./bed/parts.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { steadySandwiches } from "./sandwich.ts";

after(takeDownOwned);

const noKvm = (await whyNoKvm()) ?? false;

async function kvmEquals(t: TestContext, daemon: Libvirtd): Promise<void> {
  t.after(() => daemon.stop());
  const [domain] = await pausedDomains(daemon, 1, { disks: 1, nics: 1, vcpus: 2, kvm: true });
  assert.ok(domain);
  // Its firmware, looking for something to boot, is work enough for KVM to count.
  await daemon.virsh(["resume", domain.uuid]);
  await sleep(2000);
  await daemon.virsh(["suspend", domain.uuid]);
  // Being asked wakes the vCPUs' threads, which then wait for a CPU.
  const [taken] = await steadySandwiches(daemon, [domain.name], /^cpu\.|\.delay$/);
  assert.ok(taken);
  const { before, after, kvmeter } = taken;
  if (![...before.fields.keys()].some((field) => field.startsWith("vm."))) {
    t.skip("this kernel or QEMU has no statistics of KVM's");
    return;
  }
  assert.ok(Number(before.fields.get("vcpu.0.exits.sum")) > 0);
  assert.deepEqual(compare(kvmeter, { before, after, rows: DOMAIN_ROWS }), []);
  for (const name of ["vcpu.kvm.events", "vcpu.kvm.time", "vcpu.kvm.value", "vm.kvm.events", "vm.kvm.value"])
    assert.ok((kvmeter.metrics[`libvirt.domain.${name}`]?.points.length ?? 0) > 0, name);
}

test(
  "KVM's statistics, libvirt of this Debian",
  { skip: noKvm || (await skipWithout("libvirtd")), timeout: 90_000 },
  async (t) => kvmEquals(t, await startHostLibvirtd({ kvm: true })),
);

test(
  "KVM's statistics, libvirt 12",
  { skip: noKvm || (await skipWithout("newer-libvirtd")), timeout: 90_000 },
  async (t) => kvmEquals(t, await startNewerLibvirtd({ kvm: true })),
);
