import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../clock.ts";
import type { Configuration, LibvirtConfiguration } from "../config/configuration.ts";
import { formatDuration } from "../config/units.ts";
import { globMatcher } from "../glob.ts";
import { connect } from "../libvirt/connect.ts";
import type { LibvirtConnection } from "../libvirt/connection.ts";
import { listAllDomains, ListFlags } from "../libvirt/procedures/list-all-domains.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { DOMAIN_ROWS } from "../metrics/definitions.ts";
import { selectRows } from "../metrics/selection.ts";
import { Poller, type SourceOutcome } from "../poll.ts";
import type { HypervisorReading } from "../readings/domain.ts";
import { type HypervisorFacts, readHypervisorFacts } from "../readings/hypervisor-facts.ts";
import { blindnessOf } from "../readings/process-sight.ts";
import { createSources } from "../sources.ts";
import { SILENT_LOG, noticeLog } from "./check-log.ts";
import type { Readiness } from "./domain-xml.ts";
import { judgeDomain } from "./domains.ts";
import { commandFor } from "./error-mends.ts";
import { failed, type Finding, unwell, well } from "./finding.ts";
import { readAllXml } from "./read-xml.ts";
import { judgeVersion } from "./versions.ts";

/** What came of looking at one hypervisor. */
export interface HypervisorCheck {
  readonly findings: readonly Finding[];
  /** As the agent's own source read it. */
  readonly reading: HypervisorReading | undefined;
}

export interface CheckOptions {
  readonly configuration: Configuration;
  readonly signal: AbortSignal;
}

/** As long as reading may take, hung VMs and all. */
const READ_DEADLINE_MS = 30_000;

/** What the kernel keeps from this user is found out beside a reading, and noticed in the next one. */
const PAUSE_MS = 300;

/** Looks at a hypervisor as the agent does, and at what its domains lack. Never rejects but for the signal. */
export async function checkHypervisor(
  entry: LibvirtConfiguration,
  { configuration, signal }: CheckOptions,
): Promise<HypervisorCheck> {
  const { uri, timeoutMs } = entry;
  const begunMs = performance.now();
  let connection: LibvirtConnection;
  try {
    connection = await connect(uri, { timeoutMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    return {
      findings: [failed("libvirt-connection", uri, { error, mend: commandFor(error, uri) })],
      reading: undefined,
    };
  }
  const tookMs = Math.ceil(performance.now() - begunMs);
  try {
    const facts = await readHypervisorFacts(connection, signal);
    const domains = await connection.call(listAllDomains, { flags: 0 }, { signal });
    const words = `connected read-only in ${tookMs} ms: libvirt ${facts.libvirtVersion}, ${facts.driver} ${facts.driverVersion}`;
    const events = connection.features.eventCallbacks
      ? well("libvirt-events", uri, "it tells of events")
      : unwell("libvirt-events", uri);
    const { findings, reading } = await checkDomains(entry, {
      configuration,
      signal,
      connection,
      facts,
      domains,
    });
    return {
      findings: [
        well("libvirt-connection", uri, words),
        ...judgeVersion(uri, facts.libvirtVersion, configuration.metrics),
        events,
        ...findings,
      ],
      reading,
    };
  } catch (error) {
    signal.throwIfAborted();
    return {
      findings: [failed("libvirt-reading", uri, { error, mend: commandFor(error, uri) })],
      reading: undefined,
    };
  } finally {
    await connection.close();
  }
}

interface Opened extends CheckOptions {
  readonly connection: LibvirtConnection;
  readonly facts: HypervisorFacts;
  readonly domains: readonly DomainRef[];
}

async function checkDomains(entry: LibvirtConfiguration, opened: Opened): Promise<HypervisorCheck> {
  const { uri } = entry;
  const { configuration, connection, facts, domains, signal } = opened;
  const { include, exclude } = configuration.domains;
  const [included, excluded] = [globMatcher(include), globMatcher(exclude)];
  const chosen = domains.filter(({ name }) => included(name) && !excluded(name));
  if (chosen.length === 0) {
    if (domains.length === 0)
      return { findings: [well("libvirt-reading", uri, "it has no VMs")], reading: undefined };
    const values = { count: domains.length };
    return { findings: [unwell("libvirt-none-chosen", uri, { values })], reading: undefined };
  }
  const { outcomes, notices } = await readTwice(entry, opened);
  const reading = outcomes.at(-1)?.reading;
  const isLocal = connection.socketPath !== undefined && facts.driver === "QEMU";
  const findings = [
    ...judgeReading(uri, outcomes, configuration.intervalMs),
    ...(reading === undefined ? [] : judgeProcesses(reading, { isLocal, notices, uri })),
  ];
  if (reading === undefined) return { findings, reading };
  const transient = await connection.call(listAllDomains, { flags: ListFlags.transient }, { signal });
  const { readiness, problems } = await readAllXml(connection, chosen, signal);
  return {
    findings: [...findings, ...judgeAll(reading, { uri, opened, readiness, transient }), ...problems],
    reading,
  };
}

interface Known {
  readonly uri: string;
  readonly opened: Opened;
  readonly readiness: ReadonlyMap<string, Readiness>;
  readonly transient: readonly DomainRef[];
}

function judgeAll(reading: HypervisorReading, { uri, opened, readiness, transient }: Known): Finding[] {
  const { configuration, facts } = opened;
  const passing = new Set(transient.map(({ uuid }) => uuid));
  const around = {
    uri: changingUri(uri),
    libvirtVersion: facts.libvirtVersion,
    periodS: Math.max(1, Math.round(configuration.intervalMs / 1000)),
    nowMs: Date.now(),
    wantsKvm: selectRows(DOMAIN_ROWS, configuration.metrics).some(({ name }) =>
      name.startsWith("libvirt.domain.vcpu.kvm."),
    ),
  };
  const findings = reading.domains.flatMap((domain) => {
    const known = readiness.get(domain.uuid);
    if (known === undefined) return [];
    return judgeDomain({ reading: domain, readiness: known, isTransient: passing.has(domain.uuid) }, around);
  });
  const lacking = new Set(findings.filter(({ state }) => state !== "skip").map(({ subject }) => subject));
  for (const { uuid, name } of reading.domains) if (!readiness.has(uuid)) lacking.add(name);
  const running = reading.domains.filter(({ id }) => id >= 0).length;
  const named = reading.domains.filter(({ description }) => description?.openstack !== undefined).length;
  const words = `${reading.domains.length} VMs, ${running} of them active, ${named} with OpenStack's metadata; ${reading.domains.length - lacking.size} lack nothing that is asked for`;
  return [well("vm-xml", uri, words), ...findings];
}

function judgeReading(
  uri: string,
  outcomes: readonly SourceOutcome<HypervisorReading>[],
  intervalMs: number,
): Finding[] {
  const last = outcomes.at(-1);
  const errors = last?.error === undefined ? (last?.reading?.problems ?? []) : [last.error];
  if (errors.length > 0) {
    return errors.map((error) => failed("libvirt-reading", uri, { error, mend: commandFor(error, uri) }));
  }
  const tookMs = Math.ceil(Math.max(...outcomes.map(({ durationS }) => durationS)) * 1000);
  const took = `${tookMs} ms`;
  const read = well("libvirt-reading", uri, `everything was read in ${took}`);
  if (tookMs <= 0.8 * intervalMs) return [read];
  const better = formatDuration(Math.ceil((2 * tookMs) / 1000) * 1000);
  return [unwell("libvirt-slow", uri, { values: { took, interval: formatDuration(intervalMs), better } })];
}

function judgeProcesses(
  reading: HypervisorReading,
  {
    isLocal,
    notices,
    uri,
  }: { readonly isLocal: boolean; readonly notices: readonly string[]; readonly uri: string },
): Finding[] {
  const running = reading.domains.filter(({ id }) => id >= 0);
  if (!isLocal || running.length === 0) return [];
  const seen = running.filter(({ process }) => process !== undefined).length;
  if (seen === 0) return [unwell("process-sight", uri, { says: blindnessOf(running.length) })];
  const rights = notices.map((says) => unwell("process-rights", uri, { says }));
  return [
    well("process-sight", uri, `the processes of ${seen} of ${running.length} active VMs can be seen`),
    ...(rights.length > 0
      ? rights
      : [well("process-rights", uri, "everything that is asked for may be read of them")]),
  ];
}

async function readTwice(
  entry: LibvirtConfiguration,
  { configuration, signal }: CheckOptions,
): Promise<{
  readonly outcomes: readonly SourceOutcome<HypervisorReading>[];
  readonly notices: readonly string[];
}> {
  const { log, notices } = noticeLog();
  const [source] = createSources({ ...configuration, libvirt: [entry] }, { log, pacing: "whole" });
  if (source === undefined) return { outcomes: [], notices };
  try {
    const poller = new Poller<HypervisorReading>([source], systemClock, SILENT_LOG);
    const outcomes = await poller.poll(READ_DEADLINE_MS, signal);
    if (outcomes[0]?.reading === undefined) return { outcomes, notices };
    await sleep(PAUSE_MS, undefined, { signal });
    outcomes.push(...(await poller.poll(READ_DEADLINE_MS, signal)));
    signal.throwIfAborted();
    return { outcomes, notices };
  } finally {
    await source.close();
  }
}

/** The URI for commands that change something: where it names a read-only socket, the one beside it. */
function changingUri(uri: string): string {
  return uri.replace(/([?&]socket=[^&]*)-ro(?=&|$)/, "$1");
}
