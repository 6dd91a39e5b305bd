import { perNumber, wireName, wireNames } from "../parameters.ts";
import type { GroupWriter } from "./groups.ts";
import { writeVcpuKvm } from "./kvm.ts";

const CURRENT = wireName("vcpu.current");
const MAXIMUM = wireName("vcpu.maximum");

const namesOf = perNumber((number) =>
  wireNames({
    state: `vcpu.${number}.state`,
    time: `vcpu.${number}.time`,
    wait: `vcpu.${number}.wait`,
    delay: `vcpu.${number}.delay`,
    halted: `vcpu.${number}.halted`,
  }),
);

/** virVcpuState: what QEMU's vCPUs are as long as they are plugged in. */
const RUNNING = 1;
/** Share of a vCPU's working time for which it waits for I/O, and for a physical CPU. */
const WAIT_SHARE = 0.0008;
const DELAY_SHARE = 0.013;

/** Group vcpu. vCPUs that could be plugged in and are not have no parameters of their own. */
export const writeVcpu: GroupWriter = (list, { domain, moment, monitor }) => {
  list.uint(CURRENT, domain.shape.vcpus);
  list.uint(MAXIMUM, domain.shape.vcpusMaximum);
  if (!domain.active) return;
  for (const [number, vcpu] of domain.vcpus.entries()) {
    const names = namesOf(number);
    const workedS = domain.total(vcpu, moment);
    list.int(names.state, RUNNING);
    // libvirt reads it in ticks of 10 ms.
    list.ullong(names.time, Math.floor(workedS * 100) * 1e7);
    list.ullong(names.wait, workedS * WAIT_SHARE * 1e9);
    list.ullong(names.delay, 1e6 + workedS * DELAY_SHARE * 1e9);
    if (!monitor || !domain.shape.kvm) continue;
    const halted = isHalted(domain.rate(vcpu, moment), moment.tS + number * 0.37);
    list.boolean(names.halted, halted);
    writeVcpuKvm(list, { number, workedS, sleptS: moment.ranS - workedS, halted });
  }
};

/** Whether a vCPU sleeps right now: as seldom as it is busy, and different at every look. */
function isHalted(utilization: number, tS: number): boolean {
  const scattered = Math.sin(tS * 12.9898) * 43_758.5453;
  return scattered - Math.floor(scattered) > utilization;
}
