/**
 * Files of processes and control groups that stay open from one cycle to the next. To find a file by its path, to open and
 * to close it takes the kernel several times as long as to write down what stands in it.
 *
 * What is open is bound to the one process, thread or group that it was opened for, and is an error when that is gone
 * (ESRCH, ENODEV): it never tells of another one that got the same number or the same name. Only the kernel's own file
 * systems are like that, so in any other folder each file is looked for anew, and may be replaced at any time.
 */
import { closeSync, openSync, statfsSync } from "node:fs";

import type { DescriptorShare } from "./descriptor-share.ts";
import { absenceIn, codeOf, type FileOptions, readDescriptorNow, readKernelFileNow } from "./kernel-file.ts";

/** PROC_SUPER_MAGIC, CGROUP_SUPER_MAGIC and CGROUP2_SUPER_MAGIC of linux/magic.h. */
const KERNELS = new Set([0x9f_a0, 0x27_e0_eb, 0x63_67_72_70]);
const TABLE_FULL = new Set(["EMFILE", "ENFILE"]);

/** A folder of the kernel's files. */
export interface KernelFolder {
  readonly path: string;
  /** Reads one of its files, at once: as {@link readKernelFileNow}. */
  read(name: string, limitBytes: number, options?: FileOptions): string | undefined;
}

/** A folder whose files are read once. */
export function folderAt(path: string): KernelFolder {
  return {
    path,
    read: (name, limitBytes, options) => readKernelFileNow(`${path}/${name}`, limitBytes, options),
  };
}

/** A folder whose files are read time and again, and stay open as long as there is room among the descriptors. */
export class KeptFolder implements KernelFolder {
  readonly path: string;
  readonly #share: DescriptorShare;
  readonly #files = new Map<string, number>();
  #isKernels: boolean | undefined;

  constructor(path: string, share: DescriptorShare) {
    this.path = path;
    this.#share = share;
  }

  read(name: string, limitBytes: number, options?: FileOptions): string | undefined {
    const file = this.#files.get(name);
    if (file === undefined) return this.#readAnew(name, limitBytes, options);
    try {
      return readDescriptorNow(file, limitBytes);
    } catch (error) {
      this.#share.lookups += 1;
      this.#close(name, file);
      return absenceIn(error, `${this.path}/${name}`, options);
    } finally {
      if (this.#share.isOverdrawn && this.#files.has(name)) this.#close(name, file);
    }
  }

  /** Closes all; what is read afterwards is opened again. */
  close(): void {
    for (const [name, file] of this.#files) this.#close(name, file);
  }

  #readAnew(name: string, limitBytes: number, options?: FileOptions): string | undefined {
    const path = `${this.path}/${name}`;
    this.#share.lookups += 1;
    let file: number | undefined;
    try {
      file = openSync(path, "r");
      const text = readDescriptorNow(file, limitBytes);
      if (this.#share.hasRoom && (this.#isKernels ??= isKernels(this.path))) {
        this.#share.taken += 1;
        this.#files.set(name, file);
        file = undefined;
      }
      return text;
    } catch (error) {
      if (TABLE_FULL.has(codeOf(error))) this.#share.giveBack();
      return absenceIn(error, path, options);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #close(name: string, file: number): void {
    this.#files.delete(name);
    this.#share.taken -= 1;
    closeSync(file);
  }
}

function isKernels(path: string): boolean {
  try {
    return KERNELS.has(statfsSync(path).type);
  } catch {
    return false;
  }
}
