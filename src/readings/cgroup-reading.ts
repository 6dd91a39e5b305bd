import { type CgroupCpuStat, readCgroupCpuStat } from "../host/cgroup-cpu-stat.ts";
import { readCgroupCpuacctStat } from "../host/cgroup-cpuacct-stat.ts";
import { type CgroupIo, readCgroupBlkio, readCgroupIoStat } from "../host/cgroup-io.ts";
import { type CgroupMemoryEvents, readCgroupMemoryEvents } from "../host/cgroup-memory-events.ts";
import { readCgroupMemoryStat } from "../host/cgroup-memory-stat.ts";
import { type CgroupPressure, readCgroupPressure } from "../host/cgroup-pressure.ts";
import { readCgroupValue } from "../host/cgroup-value.ts";
import type { DescriptorShare } from "../host/descriptor-share.ts";
import { KeptFolder, type KernelFolder } from "../host/kept-folder.ts";
import { type Integer, subtract } from "../integer.ts";
import { CgroupThrottling, type Throttling } from "./cgroup-throttling.ts";
import type { DomainCgroup } from "./domain-cgroup.ts";

/** CPU time of all that ever ran in a domain's groups. */
export interface CgroupCpu {
  readonly timeNs: Integer | undefined;
  readonly userNs: Integer | undefined;
  readonly systemNs: Integer | undefined;
}

export interface CgroupMemory {
  readonly usedBytes: Integer | undefined;
  /** Undefined without a limit. */
  readonly limitBytes: Integer | undefined;
  /** What cannot be had back at once: without the file cache that nobody used lately. */
  readonly workingSetBytes: Integer | undefined;
  readonly swapBytes: Integer | undefined;
  readonly events: Partial<CgroupMemoryEvents>;
}

/** One look at a domain's control groups. What a hierarchy does not have is undefined. */
export interface CgroupReading {
  readonly cpu: CgroupCpu;
  readonly throttling: Throttling | undefined;
  readonly memory: CgroupMemory;
  readonly io: CgroupIo;
  readonly tasks: Integer | undefined;
  readonly pressure: Readonly<Record<"cpu" | "memory" | "io", CgroupPressure | undefined>>;
}

/** What is missing stays so while the group lives, but for a controller that somebody enables later, or a first limit. */
const RETRY_MS = 60_000;

/** The control groups of one domain between the cycles. */
export class CgroupReader {
  readonly #cgroup: DomainCgroup;
  readonly #share: DescriptorShare;
  readonly #folders = new Map<string, KeptFolder>();
  readonly #throttling = new CgroupThrottling((path) => this.#folder(path));
  readonly #missing = new Set<string>();
  #retryAtMs = 0;

  constructor(cgroup: DomainCgroup, share: DescriptorShare) {
    this.#cgroup = cgroup;
    this.#share = share;
  }

  /** Reads all, at once. */
  read(nowMs: number): CgroupReading {
    if (nowMs >= this.#retryAtMs) {
      this.#missing.clear();
      this.#retryAtMs = nowMs + RETRY_MS;
    }
    const stat = this.#unified("cpu.stat", () => this.#unifiedCpuStat());
    return {
      cpu: this.cpu(stat),
      throttling: this.#throttled(stat, nowMs),
      memory: this.#memory(),
      io: this.#io(),
      tasks: this.#value("pids.current") ?? this.#legacyValue("pids", "pids.current"),
      pressure: {
        cpu: this.#pressure("cpu.pressure"),
        memory: this.#pressure("memory.pressure"),
        io: this.#pressure("io.pressure"),
      },
    };
  }

  /** Closes what it keeps open. */
  close(): void {
    for (const folder of this.#folders.values()) folder.close();
  }

  /**
   * CPU time alone, at once. From the unified hierarchy where the domain is in it, also when v1 has cpuacct beside it: so
   * does libvirt (virCgroupGetCpuacctUsage), and the two differ in their digits.
   */
  cpu(stat?: CgroupCpuStat): CgroupCpu {
    const { isUnified, legacy } = this.#cgroup;
    if (isUnified) {
      const { usageNs, userNs, systemNs } = stat ?? this.#unifiedCpuStat() ?? {};
      return { timeNs: usageNs, userNs, systemNs };
    }
    const path = legacy.get("cpuacct")?.nested;
    const { userNs, systemNs } =
      (path === undefined ? undefined : readCgroupCpuacctStat(this.#folder(path))) ?? {};
    return { timeNs: this.#legacyValue("cpuacct", "cpuacct.usage"), userNs, systemNs };
  }

  #throttled(stat: CgroupCpuStat | undefined, nowMs: number): Throttling | undefined {
    const { unified, legacy } = this.#cgroup;
    const controller = legacy.get("cpu");
    if (controller !== undefined) {
      return this.#throttling.read(controller, readCgroupCpuStat(this.#folder(controller.nested)), nowMs);
    }
    return unified && this.#throttling.read(unified, stat, nowMs);
  }

  #memory(): CgroupMemory {
    const { unified, legacy } = this.#cgroup;
    const used = this.#value("memory.current");
    if (unified !== undefined && used !== undefined) {
      const folder = this.#folder(unified.top);
      const stat = readCgroupMemoryStat(folder);
      return {
        usedBytes: used,
        limitBytes: this.#value("memory.max"),
        workingSetBytes: without(used, stat?.inactiveFileBytes),
        swapBytes: this.#value("memory.swap.current"),
        events: readCgroupMemoryEvents(folder, "memory.events") ?? {},
      };
    }
    const path = legacy.get("memory")?.top;
    const folder = path === undefined ? undefined : this.#folder(path);
    const stat = folder === undefined ? undefined : readCgroupMemoryStat(folder);
    const usedBytes = this.#legacyValue("memory", "memory.usage_in_bytes");
    const oom = folder === undefined ? undefined : readCgroupMemoryEvents(folder, "memory.oom_control");
    return {
      usedBytes,
      limitBytes: this.#legacyValue("memory", "memory.limit_in_bytes"),
      workingSetBytes: without(usedBytes, stat?.inactiveFileBytes),
      swapBytes: stat?.swapBytes,
      events: { max: this.#legacyValue("memory", "memory.failcnt"), oomKill: oom?.oomKill },
    };
  }

  #io(): CgroupIo {
    const path = this.#cgroup.legacy.get("blkio")?.top;
    return (
      this.#unified("io.stat", readCgroupIoStat) ??
      (path === undefined ? undefined : readCgroupBlkio(this.#folder(path))) ??
      new Map()
    );
  }

  #pressure(file: string): CgroupPressure | undefined {
    return this.#unified(file, (folder) => readCgroupPressure(folder, file));
  }

  #value(file: string): Integer | undefined {
    return this.#unified(file, (folder) => readCgroupValue(folder, file));
  }

  #legacyValue(controller: string, file: string): Integer | undefined {
    const group = this.#cgroup.legacy.get(controller);
    if (group === undefined) return undefined;
    return readCgroupValue(this.#folder(controller === "cpuacct" ? group.nested : group.top), file);
  }

  #unifiedCpuStat(): CgroupCpuStat | undefined {
    const { unified } = this.#cgroup;
    return unified && readCgroupCpuStat(this.#folder(unified.nested));
  }

  #folder(path: string): KernelFolder {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const folder = new KeptFolder(path, this.#share);
    this.#folders.set(path, folder);
    return folder;
  }

  /** Reads a file of the unified hierarchy, unless it was missing a short while ago: looking for it costs more than it. */
  #unified<Value>(file: string, read: (folder: KernelFolder) => Value | undefined): Value | undefined {
    const { unified } = this.#cgroup;
    if (unified === undefined || this.#missing.has(file)) return undefined;
    const value = read(this.#folder(unified.top));
    if (value === undefined) this.#missing.add(file);
    return value;
  }
}

function without(used: Integer | undefined, inactive: Integer | undefined): Integer | undefined {
  if (used === undefined || inactive === undefined) return undefined;
  return inactive > used ? 0 : subtract(used, inactive);
}
