import { randomUUID } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { DomainSpec } from "../../test/real/bed/domain-xml.ts";
import { createGuest, type DomainHost, type TestDomain } from "../../test/real/bed/guests.ts";
import { bootDirectory, imageDirectory } from "../../test/real/bed/libvirtd-flavours.ts";
import { paths, repositoryRoot } from "../../test/real/bed/parts.ts";
import { run } from "../../test/real/bed/processes.ts";

/** A guest that is to be seen in the picture. */
export interface Actor {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly diskMib: readonly number[];
  /** What it does after its drivers are loaded: a busybox script, for ever. */
  readonly work: string;
}

/** Up to a second, each 2.5 times the one before. */
const BINS_NS = Array.from({ length: 13 }, (_, index) => Math.round(20_000 * 2.5 ** index));

/** The last line of the bed's guest before it works. */
const READY = 'echo "kvmeter guest ready"\n';

/** Boots a guest with work of its own: Linux takes further archives after the first, and the last init counts. */
export async function bootActor(host: DomainHost, actor: Actor): Promise<TestDomain> {
  const boot = {
    kernel: join(bootDirectory, "vmlinuz"),
    initrd: join(bootDirectory, `${actor.name}.gz`),
  };
  await mkdir(join(host.root, bootDirectory), { recursive: true });
  await mkdir(join(host.root, imageDirectory), { recursive: true });
  await copyFile(paths.kernel, join(host.root, boot.kernel));
  await writeFile(join(host.root, boot.initrd), await initrdOf(actor.work));
  const disks = await Promise.all(
    actor.diskMib.map(async (sizeMib, index) => {
      const format = index === 0 ? "qcow2" : "raw";
      const path = join(imageDirectory, `${actor.name}-${index}.${format}`);
      await run("/usr/bin/qemu-img", ["create", "-q", "-f", format, join(host.root, path), `${sizeMib}M`]);
      return { path, format, target: `vd${"ab".charAt(index)}`, statistics: true, binsNs: BINS_NS } as const;
    }),
  );
  const uuid = randomUUID();
  const spec: DomainSpec = {
    name: actor.name,
    uuid,
    memoryMib: actor.memoryMib,
    vcpus: actor.vcpus,
    disks,
    nics: [`52:54:00:${uuid.slice(0, 2)}:${uuid.slice(2, 4)}:${uuid.slice(4, 6)}`],
    iothreads: 1,
    boot,
  };
  return createGuest(host, spec);
}

async function initrdOf(work: string): Promise<Buffer> {
  const init = await readFile(join(repositoryRoot, "test/real/bed/guest/init"), "utf8");
  const end = init.indexOf(READY);
  if (end < 0) throw new Error("The bed's guest does not say when it is ready");
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-initrd-"));
  try {
    await writeFile(join(folder, "init"), init.slice(0, end + READY.length) + work, { mode: 0o755 });
    await run("/bin/sh", [
      "-c",
      'cd "$1" && echo init | cpio --quiet -o -H newc | gzip -1 >more.gz',
      "sh",
      folder,
    ]);
    return Buffer.concat([await readFile(paths.initrd), await readFile(join(folder, "more.gz"))]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
