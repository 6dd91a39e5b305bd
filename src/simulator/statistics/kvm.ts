import { perNumber, wireName, type ParameterList, type WireName } from "../parameters.ts";
import type { GroupWriter } from "./groups.ts";

/** How a KVM statistic grows: so much per second that a vCPU works, and per second that it sleeps. */
interface KvmCounter {
  readonly name: string;
  readonly working?: number;
  readonly sleeping?: number;
}

/** Cumulative statistics of a vCPU, arch/x86/kvm/x86.c and include/linux/kvm_host.h of Linux 6.12, in their order. */
const VCPU_COUNTERS: readonly KvmCounter[] = [
  { name: "halt_successful_poll", sleeping: 210 },
  { name: "halt_attempted_poll", sleeping: 380 },
  { name: "halt_poll_invalid", sleeping: 0.6 },
  { name: "halt_wakeup", sleeping: 170 },
  { name: "halt_poll_success_ns", sleeping: 1.1e7 },
  { name: "halt_poll_fail_ns", sleeping: 4e6 },
  { name: "halt_wait_ns", sleeping: 9.6e8 },
  { name: "pf_taken", working: 46 },
  { name: "pf_fixed", working: 41 },
  { name: "pf_emulate", working: 2.1 },
  { name: "pf_spurious", working: 0.3 },
  { name: "pf_fast", working: 1.4 },
  { name: "pf_mmio_spte_created", working: 0.01 },
  { name: "pf_guest" },
  { name: "tlb_flush", working: 92, sleeping: 3 },
  { name: "invlpg" },
  { name: "exits", working: 5400, sleeping: 640 },
  { name: "io_exits", working: 120, sleeping: 0.7 },
  { name: "mmio_exits", working: 88, sleeping: 0.2 },
  { name: "signal_exits", working: 1.1 },
  { name: "irq_window_exits", working: 14, sleeping: 1 },
  { name: "nmi_window_exits" },
  { name: "l1d_flush" },
  { name: "halt_exits", sleeping: 390 },
  { name: "request_irq_exits" },
  { name: "irq_exits", working: 310, sleeping: 6 },
  { name: "host_state_reload", working: 620, sleeping: 390 },
  { name: "fpu_reload", working: 480, sleeping: 390 },
  { name: "insn_emulation", working: 96, sleeping: 0.4 },
  { name: "insn_emulation_fail" },
  { name: "hypercalls", working: 5.2 },
  { name: "irq_injections", working: 260, sleeping: 200 },
  { name: "nmi_injections" },
  { name: "req_event", working: 720, sleeping: 410 },
  { name: "nested_run" },
  { name: "directed_yield_attempted", working: 3.4 },
  { name: "directed_yield_successful", working: 2.2 },
  { name: "preemption_reported", working: 9.5, sleeping: 1.1 },
  { name: "preemption_other", working: 2.5, sleeping: 0.2 },
  { name: "notify_window_exits" },
];

/** Statistics of a VM, in the kernel's order. */
const VM_COUNTERS: readonly KvmCounter[] = [
  { name: "remote_tlb_flush", working: 3.1 },
  { name: "remote_tlb_flush_requests", working: 3.6 },
  { name: "mmu_shadow_zapped", working: 0.002 },
  { name: "mmu_pte_write" },
  { name: "mmu_pde_zapped" },
  { name: "mmu_flooded" },
  { name: "mmu_recycled" },
  { name: "mmu_cache_miss", working: 0.02 },
];

const VM_NAMES = VM_COUNTERS.map(({ name }) => wireName(`vm.${name}.sum`));
const VM_MMU_UNSYNC = wireName("vm.mmu_unsync.cur");
const VM_PAGES_4K = wireName("vm.pages_4k.cur");
const VM_PAGES_2M = wireName("vm.pages_2m.cur");
const VM_PAGES_1G = wireName("vm.pages_1g.cur");
const VM_SPLITS = wireName("vm.nx_lpage_splits.cur");
const VM_RMAP_MAXIMUM = wireName("vm.max_mmu_rmap_size.max");
const VM_COLLISIONS_MAXIMUM = wireName("vm.max_mmu_page_hash_collisions.max");

const PAGE_4K_KIB = 4;
const PAGE_2M_KIB = 2048;

/** What `writeVcpuKvm` says of one vCPU. */
interface VcpuTimes {
  readonly number: number;
  readonly workedS: number;
  readonly sleptS: number;
  readonly halted: boolean;
}

const vcpuNames = perNumber((number) => ({
  counters: VCPU_COUNTERS.map(({ name }) => wireName(`vcpu.${number}.${name}.sum`)),
  blocking: wireName(`vcpu.${number}.blocking.cur`),
  guestMode: wireName(`vcpu.${number}.guest_mode.cur`),
}));

/** KVM's statistics of one vCPU, part of group vcpu. */
export function writeVcpuKvm(list: ParameterList, { number, workedS, sleptS, halted }: VcpuTimes): void {
  const names = vcpuNames(number);
  writeCounters(list, VCPU_COUNTERS, { names: names.counters, workedS, sleptS });
  list.boolean(names.blocking, halted);
  list.boolean(names.guestMode, false);
}

/** Group vm. */
export const writeVm: GroupWriter = (list, { domain, moment, monitor }) => {
  if (!monitor || !domain.active || !domain.shape.kvm) return;
  const workedS = domain.vcpus.reduce((sum, vcpu) => sum + domain.total(vcpu, moment), 0);
  writeCounters(list, VM_COUNTERS, { names: VM_NAMES, workedS, sleptS: 0 });
  list.ullong(VM_MMU_UNSYNC, 0);
  list.ullong(VM_PAGES_4K, (domain.shape.memoryKiB * 0.04) / PAGE_4K_KIB);
  list.ullong(VM_PAGES_2M, (domain.shape.memoryKiB * 0.88) / PAGE_2M_KIB);
  list.ullong(VM_PAGES_1G, 0);
  list.ullong(VM_SPLITS, 0);
  list.ullong(VM_RMAP_MAXIMUM, 1);
  list.ullong(VM_COLLISIONS_MAXIMUM, 0);
};

function writeCounters(
  list: ParameterList,
  counters: readonly KvmCounter[],
  { names, workedS, sleptS }: { names: readonly WireName[]; workedS: number; sleptS: number },
): void {
  for (const [index, { working = 0, sleeping = 0 }] of counters.entries()) {
    const name = names[index];
    if (name !== undefined) list.ullong(name, workedS * working + sleptS * sleeping);
  }
}
