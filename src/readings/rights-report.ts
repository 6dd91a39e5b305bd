/** Files of a process that not everybody may read. */
export type GuardedFile = "io" | "fd" | "numa_maps";

interface Right {
  /** The metric that is left out. */
  readonly metric: string;
  readonly capabilities: string;
}

const RIGHTS: Readonly<Record<GuardedFile, Right>> = {
  io: {
    metric: "libvirt.domain.process.disk.io",
    capabilities: "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
  },
  fd: {
    metric: "libvirt.domain.process.file_descriptor.count",
    capabilities: "CAP_DAC_READ_SEARCH, or Linux 6.2",
  },
  numa_maps: { metric: "libvirt.domain.process.memory.numa.*", capabilities: "CAP_SYS_PTRACE" },
};

/** Says what the agent's user may not read: once for each file, not for each process and cycle. */
export class RightsReport {
  readonly #onNotice: (text: string) => void;
  readonly #told = new Set<GuardedFile>();

  constructor(onNotice: (text: string) => void) {
    this.#onNotice = onNotice;
  }

  /** Notes that a file was refused. */
  denied(file: GuardedFile): void {
    if (this.#told.has(file)) return;
    this.#told.add(file);
    const { metric, capabilities } = RIGHTS[file];
    this.#onNotice(
      `Cannot read /proc/<pid>/${file} of QEMU: this user may not; ${metric} is left out unless kvmeter has ${capabilities}, or runs as QEMU's user`,
    );
  }
}
