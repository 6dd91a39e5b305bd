import { realpath } from "node:fs/promises";
import { basename } from "node:path";

import { isBlockDevice, readBlockDeviceName } from "../host/block-device.ts";
import { type Mount, readMountinfo } from "../host/mountinfo.ts";
import { isRemoteFilesystem } from "../host/remote-filesystems.ts";
import type { DiskDescription, DomainDescription } from "./domain.ts";

/** What is behind a disk of a domain. */
export interface DiskSource {
  /** vda: the guest's name. */
  readonly target: string;
  /** How the XML has it: file, block, network, volume … */
  readonly type: string;
  /** The host's block device that holds the data (`dm-0`, `sda1`); undefined where it is none or not to be seen. */
  readonly device: string | undefined;
}

export interface DiskSourcesOptions {
  readonly sysfs: string;
  /** /proc/<pid>/mountinfo of a process that sees the mounts that QEMU's disks lie on. */
  readonly mountinfo: string;
}

/**
 * Finds the host's block devices behind domains' disks. A domain's are looked for once for each version of its XML, one
 * domain after the other and beside the cycles: a path can lead to a disk that does not answer.
 */
export class DiskSources {
  readonly #options: DiskSourcesOptions;
  #known = new Map<DomainDescription, readonly DiskSource[] | undefined>();
  #work: Promise<void> | undefined;

  constructor(options: DiskSourcesOptions) {
    this.#options = options;
  }

  /** What is known of each of these; what is new is found until a later cycle. */
  update(
    descriptions: readonly DomainDescription[],
  ): ReadonlyMap<DomainDescription, readonly DiskSource[] | undefined> {
    const before = this.#known;
    this.#known = new Map(descriptions.map((description) => [description, before.get(description)]));
    const isNew = descriptions.some((description) => this.#known.get(description) === undefined);
    if (isNew) this.#work ??= this.#findAll().finally(() => (this.#work = undefined));
    return this.#known;
  }

  /** Until nothing is being looked for. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #findAll(): Promise<void> {
    const mounts = await readMountinfo(this.#options.mountinfo).catch(() => []);
    for (const [description, known] of this.#known) {
      if (known !== undefined) continue;
      const sources: DiskSource[] = [];
      for (const disk of description.disks) {
        const device = await this.#deviceOf(disk, mounts).catch(() => undefined);
        sources.push({ target: disk.target, type: disk.type ?? "unknown", device });
      }
      if (this.#known.has(description)) this.#known.set(description, sources);
    }
  }

  async #deviceOf({ source, type }: DiskDescription, mounts: readonly Mount[]): Promise<string | undefined> {
    if (!source?.startsWith("/") || (type !== "file" && type !== "block" && type !== "dir")) return undefined;
    if (isRemote(mountOf(source, mounts))) return undefined;
    const path = await realpath(source);
    if (type === "block") return this.#blockDevice(path);
    const mount = mountOf(path, mounts);
    if (mount === undefined || isRemote(mount)) return undefined;
    const { sysfs } = this.#options;
    // btrfs and the like have a device number of their own; the one that they lie on is their source.
    return (
      readBlockDeviceName(sysfs, mount.device) ??
      (mount.source.startsWith("/dev/") ? this.#blockDevice(await realpath(mount.source)) : undefined)
    );
  }

  #blockDevice(path: string): string | undefined {
    const name = basename(path);
    return isBlockDevice(this.#options.sysfs, name) ? name : undefined;
  }
}

/** The mount that a path lies on: the longest point that is it or above it, and of these the last, which hides the others. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const above = mount.point === "/" ? "/" : `${mount.point}/`;
    const isOn = path === mount.point || path.startsWith(above);
    if (isOn && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  }
  return found;
}

/** In a remote one nothing is looked at. */
function isRemote(mount: Mount | undefined): boolean {
  return mount !== undefined && isRemoteFilesystem(mount.type);
}
