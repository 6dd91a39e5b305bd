import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type DiskSpec, domainXml, type DomainSpec, escapeXml } from "./domain-xml.ts";
import { bootDirectory, imageDirectory } from "./libvirtd-flavours.ts";
import { type Libvirtd, removeAtStop } from "./libvirtd.ts";
import { paths } from "./parts.ts";
import { run, waitFor } from "./processes.ts";
import { domstats } from "./virsh.ts";

/** What of a daemon is needed to give it domains. */
export type DomainHost = Pick<Libvirtd, "name" | "root" | "virsh" | "version">;

/** A domain that was made. */
export interface TestDomain {
  readonly name: string;
  readonly uuid: string;
  readonly vcpus: number;
  /** Paths of the disks, as the daemon sees them. */
  readonly disks: readonly string[];
  readonly macs: readonly string[];
  readonly openstack: boolean;
}

/** How many devices a paused domain has. */
export interface Shape {
  readonly disks: number;
  readonly nics: number;
  readonly vcpus: number;
  /** An empty CD-ROM drive beside the disks. */
  readonly cdrom?: boolean;
  /** By KVM, of a daemon that was started for it. */
  readonly kvm?: boolean;
}

/** Creating one is mostly waiting for its QEMU; more at once only make two cores wait for each other. */
const createdAtOnce = 4;

/**
 * Boots guests that write and read their disks and send packets all the time, at a few percent of
 * a core each. Disks are qcow2 and raw in turn; with libvirt 12.1 or newer they have latency
 * histograms and timed statistics. Comes back when all are created, not booted: {@link waitUntilBooted}.
 */
export async function bootGuests(host: DomainHost, count: number): Promise<TestDomain[]> {
  const boot = await placeBoot(host);
  return inBatches(count, async (index) => {
    const shape: Shape = { disks: 1 + (index % 2), nics: 1, vcpus: 1 + (index % 2) };
    const spec = { ...(await specify(host, shape, "guest")), memoryMib: 128, iothreads: 1, boot };
    return create(host, spec, { paused: false });
  });
}

/** Creates tiny domains that never run: their statistics do not change between two readings. */
export async function pausedDomains(host: DomainHost, count: number, shape: Shape): Promise<TestDomain[]> {
  return inBatches(count, async () => create(host, await specify(host, shape, "tiny"), { paused: true }));
}

/** Defines a domain without starting it. */
export async function defineInactive(host: DomainHost): Promise<TestDomain> {
  const spec = await specify(host, { disks: 1, nics: 1, vcpus: 2 }, "inactive");
  removeAtStop(host, [join(host.root, "/etc/libvirt/qemu", `${spec.name}.xml`)]);
  await virshWithXml(host, ["define"], spec);
  return describe(spec);
}

/** Defines a domain that boots the test guest when it is started. */
export async function defineGuest(host: DomainHost): Promise<TestDomain> {
  const boot = await placeBoot(host);
  const shape = { disks: 1, nics: 1, vcpus: 1 };
  const spec = { ...(await specify(host, shape, "guest")), memoryMib: 128, boot };
  removeAtStop(host, [
    join(host.root, "/etc/libvirt/qemu", `${spec.name}.xml`),
    join(host.root, "/var/log/libvirt/qemu", `${spec.name}.log`),
  ]);
  await virshWithXml(host, ["define"], spec);
  return describe(spec);
}

/** Puts on another daemon's host what a guest needs there to be migrated to it: its disks and its kernel. */
export async function prepareMigration(
  from: DomainHost,
  to: DomainHost,
  { name, disks }: TestDomain,
): Promise<void> {
  await placeBoot(to);
  await mkdir(join(to.root, imageDirectory), { recursive: true });
  for (const disk of disks) await copyFile(join(from.root, disk), join(to.root, disk));
  removeAtStop(to, [join(to.root, "/var/log/libvirt/qemu", `${name}.log`)]);
}

/** Creates a guest as it is described: its disks and what it boots are there. */
export function createGuest(host: DomainHost, spec: DomainSpec): Promise<TestDomain> {
  return create(host, spec, { paused: false });
}

async function placeBoot({ root }: Pick<DomainHost, "root">): Promise<{ kernel: string; initrd: string }> {
  await mkdir(join(root, bootDirectory), { recursive: true });
  const boot = { kernel: join(bootDirectory, "vmlinuz"), initrd: join(bootDirectory, "initrd.gz") };
  await copyFile(paths.kernel, join(root, boot.kernel));
  await copyFile(paths.initrd, join(root, boot.initrd));
  return boot;
}

/** Destroys a domain as a crash would, and undefines it when it is only defined. */
export async function destroyDomain(host: DomainHost, domain: Pick<TestDomain, "uuid">): Promise<void> {
  const state = await host.virsh(["domstate", domain.uuid]);
  await host.virsh([state.startsWith("shut off") ? "undefine" : "destroy", domain.uuid]);
}

/** Waits until each guest's balloon driver has reported and its disk has been written to. */
export async function waitUntilBooted(
  host: DomainHost,
  guests: readonly TestDomain[],
  timeoutMs = 90_000,
): Promise<void> {
  await waitFor(
    async () => {
      const statistics = await domstats(host.virsh, {
        domains: guests.map((guest) => guest.uuid),
        groups: ["balloon", "block", "interface"],
      });
      return guests.every((guest) => {
        const fields = statistics.get(guest.name);
        const grown = ["balloon.last-update", "block.0.wr.reqs", "block.0.rd.reqs", "net.0.tx.pkts"];
        return grown.every((field) => Number(fields?.get(field) ?? 0) > 0);
      });
    },
    { what: `${guests.length} guests to boot`, timeoutMs, everyMs: 500 },
  );
}

/** The process number of a running domain's QEMU. */
export async function qemuPid(
  daemon: Pick<Libvirtd, "runDirectory">,
  domain: Pick<TestDomain, "name">,
): Promise<number> {
  // libvirt spells the file's name as it spells names in XML.
  const file = `${escapeXml(domain.name)}.pid`;
  return Number(await readFile(join(daemon.runDirectory, "qemu", file), "utf8"));
}

let made = 0;

/** Names as people give them: with spaces, other scripts, quotes and what XML has to escape. */
function nameOf(kind: string, serial: number): string {
  const endings = ["", " with spaces", "-größe-雲-№", ` R&D's "best" <${kind}>`];
  return `${kind}-${serial}${endings[serial % endings.length] ?? ""}`;
}

async function specify(host: DomainHost, shape: Shape, kind: string): Promise<DomainSpec> {
  made += 1;
  const serial = made;
  const newer = Number(host.version.split(".")[0]) >= 12;
  const name = nameOf(newer ? `${kind}-new` : kind, serial);
  const disks = await Promise.all(
    Array.from({ length: shape.disks }, (_, index) =>
      makeDisk(host, { serial, index, statistics: newer && kind === "guest" }),
    ),
  );
  const cdrom: DiskSpec[] = shape.cdrom ? [{ format: "raw", target: "hda" }] : [];
  const nics = Array.from({ length: shape.nics }, (_, index) => macOf(newer ? 0xa0 : 0x10, serial, index));
  return {
    name,
    uuid: randomUUID(),
    memoryMib: 16,
    vcpus: shape.vcpus,
    disks: [...disks, ...cdrom],
    nics,
    kvm: shape.kvm ?? false,
    openstack: serial % 2 === 1,
  };
}

function macOf(group: number, serial: number, index: number): string {
  const bytes = [0x52, 0x54, group + (serial >> 8), serial & 0xff, 0, index];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

interface DiskWish {
  readonly serial: number;
  readonly index: number;
  readonly statistics: boolean;
}

async function makeDisk(host: DomainHost, wish: DiskWish): Promise<DiskSpec> {
  const format = wish.index % 2 === 0 ? "qcow2" : "raw";
  const path = join(imageDirectory, `domain-${process.pid}-${wish.serial}-${wish.index}.${format}`);
  const outside = join(host.root, path);
  await mkdir(join(host.root, imageDirectory), { recursive: true });
  if (format === "qcow2") {
    // Sizes differ so that a value that went to the wrong disk is noticed.
    await run("/usr/bin/qemu-img", ["create", "-q", "-f", "qcow2", outside, `${16 + wish.index}M`]);
  } else {
    await writeFile(outside, "");
    await truncate(outside, (16 + wish.index) * 1024 * 1024);
  }
  return { path, format, target: `vd${String.fromCharCode(97 + wish.index)}`, statistics: wish.statistics };
}

async function create(host: DomainHost, spec: DomainSpec, how: { paused: boolean }): Promise<TestDomain> {
  removeAtStop(host, [join(host.root, "/var/log/libvirt/qemu", `${spec.name}.log`)]);
  await virshWithXml(host, ["create", ...(how.paused ? ["--paused"] : [])], spec);
  return describe(spec);
}

async function virshWithXml(
  host: DomainHost,
  [command, ...flags]: [string, ...string[]],
  spec: DomainSpec,
): Promise<void> {
  const file = join(host.root, imageDirectory, `${spec.uuid}.xml`);
  await mkdir(join(host.root, imageDirectory), { recursive: true });
  await writeFile(file, domainXml(spec));
  await host.virsh([command, file, ...flags]);
}

function describe(spec: DomainSpec): TestDomain {
  const disks = spec.disks.map((disk) => disk.path).filter((path) => path !== undefined);
  return {
    name: spec.name,
    uuid: spec.uuid,
    vcpus: spec.vcpus,
    disks,
    macs: spec.nics,
    openstack: spec.openstack ?? false,
  };
}

async function inBatches<Item>(count: number, make: (index: number) => Promise<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for (let first = 0; first < count; first += createdAtOnce) {
    const batch = Array.from({ length: Math.min(createdAtOnce, count - first) }, (_, offset) =>
      make(first + offset),
    );
    items.push(...(await Promise.all(batch)));
  }
  return items;
}
