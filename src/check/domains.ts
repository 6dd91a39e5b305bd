import type { DomainReading } from "../readings/domain.ts";
import type { Readiness, ReadinessDisk } from "./domain-xml.ts";
import { type Finding, shellWord, unwell, type Values } from "./finding.ts";
import type { FindingId } from "./findings.ts";
import { isOlder } from "./versions.ts";

/** What is known of one domain. */
export interface DomainCase {
  /** By the agent's own source; undefined where the hypervisor could not be read. */
  readonly reading: DomainReading;
  readonly readiness: Readiness;
  /** It is gone when it is stopped: nothing of it can be configured for later. */
  readonly isTransient: boolean;
}

/** What is the same for all domains of a hypervisor. */
export interface DomainSurroundings {
  /** For commands that change something. */
  readonly uri: string;
  readonly libvirtVersion: string;
  /** The agent's interval in whole seconds. */
  readonly periodS: number;
  readonly nowMs: number;
  /** Are KVM's statistics switched on? */
  readonly wantsKvm: boolean;
}

/** virDomainState */
const RUNNING = 1;

/** A guest that has just been started needs some time to boot. */
const GRACE_S = 30;

/** A driver that told nothing for so many periods, and so long, is dead. */
const DEAD_AFTER_PERIODS = 6;
const DEAD_AFTER_S = 60;

/** Disks of which libvirt and QEMU see no I/O. */
const UNSEEN: Readonly<Record<string, string>> = {
  vhostuser: "its I/O goes past QEMU, to a vhost-user process",
  vhostvdpa: "its I/O goes past QEMU, to the hardware",
};

/** What a domain lacks for its guest to be looked into; nothing where all is well. */
export function judgeDomain(one: DomainCase, around: DomainSurroundings): Finding[] {
  const { reading, isTransient } = one;
  const isActive = reading.id >= 0;
  const scope = !isActive ? "--config" : isTransient ? "--live" : "--live --config";
  const values: Values = {
    uri: shellWord(around.uri),
    vm: shellWord(reading.name),
    period: around.periodS,
    scope,
  };
  const find = (id: FindingId, more: Values = {}): Finding =>
    unwell(id, reading.name, { values: { ...values, ...more } });
  return [
    ...judgeBalloon(one, around, find),
    ...judgeAgent(one, find),
    ...judgeKvm(one, around, find),
    ...judgeDisks(one, around, find),
  ];
}

type Find = (id: FindingId, more?: Values) => Finding;

function judgeBalloon(
  { reading, readiness }: DomainCase,
  { nowMs }: DomainSurroundings,
  find: Find,
): Finding[] {
  if (!readiness.hasBalloon) return [find("vm-balloon")];
  const { balloonPeriodS } = readiness.description;
  if (balloonPeriodS === undefined) return [find("vm-balloon-period")];
  const { statistics, process } = reading;
  // Of one that is paused the guest tells nothing, and of one that hangs nobody.
  if (statistics.items.state?.[0]?.values.state !== RUNNING || statistics.readAt.balloon === undefined)
    return [];
  const toldAtS = Number(statistics.items.balloon?.[0]?.values.lastUpdateS ?? 0);
  if (toldAtS === 0) {
    const runsSinceMs = process === undefined ? 0 : Number(process.startedAtNs / 1_000_000n);
    if (nowMs - runsSinceMs < GRACE_S * 1000) return [];
    return [find("vm-balloon-driver", { silence: "has told nothing" })];
  }
  const ageS = Math.round(nowMs / 1000 - toldAtS);
  const deadAfterS = Math.max(DEAD_AFTER_S, DEAD_AFTER_PERIODS * balloonPeriodS);
  if (ageS <= deadAfterS) return [];
  return [find("vm-balloon-driver", { silence: `has told nothing for more than ${deadAfterS} s` })];
}

function judgeAgent(
  { reading, readiness: { agentChannel, description } }: DomainCase,
  find: Find,
): Finding[] {
  if (reading.id < 0) return [];
  if (agentChannel === undefined) return [find("vm-guest-agent-channel")];
  const { alias = "ALIAS" } = agentChannel;
  return description.guestAgent === "disconnected" ? [find("vm-guest-agent", { alias })] : [];
}

function judgeKvm(
  { reading, readiness }: DomainCase,
  { wantsKvm }: DomainSurroundings,
  find: Find,
): Finding[] {
  const { type } = readiness;
  const { statistics } = reading;
  const isEmulated = type === "qemu";
  const isRead = reading.id >= 0 && statistics.readAt["vcpu-kvm"] !== undefined;
  const hasSome = (statistics.items.vcpuKvm ?? []).length > 0 || (statistics.items.vmKvm ?? []).length > 0;
  if (wantsKvm && isRead && !hasSome) {
    return [find("vm-kvm-statistics", { why: isEmulated ? ", since it is emulated (type qemu)" : "" })];
  }
  return isEmulated ? [find("vm-kvm", { type })] : [];
}

function judgeDisks(
  { reading, readiness }: DomainCase,
  { libvirtVersion }: DomainSurroundings,
  find: Find,
): Finding[] {
  const { readAt, items } = reading.statistics;
  if (reading.id < 0 || readAt.block === undefined) return [];
  const told = new Set(
    (items.disk ?? []).flatMap(({ values: { name, readOperations } }) =>
      name === undefined || readOperations === undefined ? [] : [name],
    ),
  );
  const full = readiness.disks.filter(({ hasSource }) => hasSource);
  const mute = full.filter(({ target }) => !told.has(target));
  const findings = Array.from(
    Map.groupBy(mute, ({ type = "" }) => UNSEEN[type] ?? "libvirt tells none of it"),
    ([why, disks]) => find("vm-disk-statistics", { disks: namesOf(disks), why }),
  );
  const unrecorded = full.filter(
    ({ target, hasLatencyHistogram }) => told.has(target) && !hasLatencyHistogram,
  );
  if (unrecorded.length === 0 || isOlder(libvirtVersion, "12.1.0")) return findings;
  return [...findings, find("vm-disk-latency")];
}

function namesOf(disks: readonly ReadinessDisk[]): string {
  return disks.map(({ target }) => target).join(", ");
}
