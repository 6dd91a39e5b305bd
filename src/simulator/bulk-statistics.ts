import { setTimeout as sleep } from "node:timers/promises";

import type { XdrReader } from "../libvirt/xdr-reader.ts";
import type { XdrWriter } from "../libvirt/xdr-writer.ts";
import type { Daemon } from "./daemon.ts";
import { FILTER_FLAGS, passesFilter, refuseFlags } from "./domain-filter.ts";
import type { SimulatedDomain } from "./domain.ts";
import { lookAt } from "./look.ts";
import { ParameterList } from "./parameters.ts";
import { ErrorCode, ErrorDomain, ReplyError } from "./reply-error.ts";
import { writeDiskCounters } from "./statistics/block.ts";
import { ALL_GROUPS, GroupBit, MONITOR_GROUPS } from "./statistics/groups.ts";
import { writeRecord } from "./statistics/record.ts";
import { findDomain, readDomain } from "./wire-domain.ts";

const NOWAIT = 0x2000_0000;
const BACKING = 0x4000_0000;
const ENFORCE = 0x8000_0000;
/** VIR_TYPED_PARAM_STRING_OKAY */
const TYPED_STRING = 4;
/** REMOTE_DOMAIN_LIST_MAX. */
const DOMAINS_LIMIT = 16_384;
const DOMAIN_BYTES = 24;

/**
 * CONNECT_GET_ALL_DOMAIN_STATS: `dom doms<>, uint stats, uint flags -> {dom dom, tp params<>} retStats<>`.
 * One domain after the other, as the daemon does: at a hung one it stays.
 */
export async function getAllDomainStats(daemon: Daemon, reader: XdrReader, writer: XdrWriter): Promise<void> {
  const wanted = readDomains(reader);
  const asked = reader.u32();
  const flags = reader.u32();
  refuseFlags(flags, (FILTER_FLAGS | NOWAIT | BACKING | ENFORCE) >>> 0, "qemuConnectGetAllDomainStats");
  const groups = groupsOf(asked, flags);
  const countAt = writer.length;
  let count = 0;
  writer.u32(0);
  for (const domain of chosen(daemon, wanted, flags)) {
    const release = await takeMonitor(daemon, domain, { groups, wait: (flags & NOWAIT) === 0 });
    try {
      // It may have been destroyed while others were waited for.
      if (daemon.world.get(domain.uuid) !== domain) continue;
      const monitor = release !== undefined;
      writeRecord(writer, groups, lookAt(domain, { world: daemon.world, release: daemon.release, monitor }));
      count += 1;
    } finally {
      release?.();
    }
  }
  writer.bytes().writeUInt32BE(count, countAt);
}

function readDomains(reader: XdrReader): string[] {
  const uuids = reader.array(DOMAIN_BYTES, () => readDomain(reader).uuid);
  if (uuids.length > DOMAINS_LIMIT)
    reader.fail(`${uuids.length} domains are over the limit of ${DOMAINS_LIMIT}`);
  return uuids;
}

function groupsOf(asked: number, flags: number): number {
  if (asked === 0) return ALL_GROUPS;
  const unknown = (asked & ~ALL_GROUPS) >>> 0;
  if (unknown !== 0 && (flags & ENFORCE) !== 0) {
    throw new ReplyError(ErrorCode.argumentUnsupported, ErrorDomain.qemu, {
      format: "argument unsupported: %s",
      detail: `Stats types bits 0x${unknown.toString(16)} are not supported by this daemon or QEMU`,
    });
  }
  return asked & ALL_GROUPS;
}

function chosen({ world }: Daemon, wanted: readonly string[], flags: number): SimulatedDomain[] {
  const domains = wanted.length === 0 ? world.domains : wanted.map((uuid) => world.get(uuid));
  return [...domains].filter(
    (domain): domain is SimulatedDomain => domain !== undefined && passesFilter(domain, flags),
  );
}

/**
 * DOMAIN_BLOCK_STATS_FLAGS: `dom dom, str path, int nparams, uint flags -> tp params<16>, int nparams`. It always asks
 * QEMU, and waits for whoever is at it.
 */
export async function blockStatsFlags(daemon: Daemon, reader: XdrReader, writer: XdrWriter): Promise<void> {
  const domain = findDomain(reader, daemon.world);
  const path = reader.string();
  reader.i32();
  refuseFlags(reader.u32(), TYPED_STRING, "qemuDomainBlockStatsFlags");
  const disk = domain.disks.find((each) => each.target === path || each.path === path);
  if (disk === undefined) {
    throw new ReplyError(ErrorCode.invalidArgument, ErrorDomain.qemu, {
      format: "invalid argument: %s",
      detail: `invalid path: ${path}`,
    });
  }
  if (!domain.active) {
    throw new ReplyError(ErrorCode.operationInvalid, ErrorDomain.qemu, {
      format: "Requested operation is not valid: %s",
      detail: "domain is not running",
    });
  }
  const release = await takeMonitor(daemon, domain, { groups: GroupBit.block, wait: true });
  try {
    const list = new ParameterList(writer);
    const look = lookAt(domain, { world: daemon.world, release: daemon.release, monitor: true });
    writeDiskCounters(list, disk, look);
    list.end();
    writer.i32(0);
  } finally {
    release?.();
  }
}

const nothingToRelease = (): void => undefined;

/** The right to ask the domain's QEMU, once it can answer; undefined when somebody else is at it. */
async function takeMonitor(
  { faults, jobs }: Daemon,
  domain: SimulatedDomain,
  { groups, wait }: { readonly groups: number; readonly wait: boolean },
): Promise<(() => void) | undefined> {
  if (!domain.active || (groups & MONITOR_GROUPS) === 0) return nothingToRelease;
  if (jobs.occupiedMs(domain.uuid) === undefined && faults.isCalm(domain.name)) return nothingToRelease;
  const release = await jobs.take(domain.uuid, { wait });
  if (release === undefined) return undefined;
  const delayMs = faults.delayMs({ domain: domain.name });
  if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
  await faults.hangOf(domain.name);
  return release;
}
