import type { DomainRef } from "../libvirt/types.ts";
import { MAX_ATTEMPTS } from "./domain-process.ts";
import type { DomainProcess } from "./domain.ts";

/**
 * Notices that not one of the domains' processes can be seen, which is the surroundings' fault and not theirs: a
 * container with a PID namespace of its own, or a /proc that hides other users' processes.
 */
export class ProcessSight {
  readonly #onNotice: (text: string) => void;
  #blindCycles = 0;
  #isTold = false;

  constructor(onNotice: (text: string) => void) {
    this.#onNotice = onNotice;
  }

  /** Takes over what a cycle found of the domains that run. */
  look(running: readonly DomainRef[], processes: ReadonlyMap<string, DomainProcess>): void {
    if (processes.size > 0) this.#isTold = true;
    if (this.#isTold || running.length === 0) return;
    this.#blindCycles += 1;
    // A process is looked for some times before it is given up.
    if (this.#blindCycles <= MAX_ATTEMPTS) return;
    this.#isTold = true;
    this.#onNotice(blindnessOf(running.length));
  }
}

/** What it says of so many running domains not one of whose processes can be seen. */
export function blindnessOf(running: number): string {
  return `Cannot see the QEMU processes of ${running} running domains: /proc shows none of them, so all libvirt.domain.process.* and libvirt.domain.cgroup.* are left out; run kvmeter in the host's PID namespace (--pid=host), and without hidepid`;
}
