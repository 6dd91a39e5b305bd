import { systemClock } from "../clock.ts";
import { Poller } from "../poll.ts";
import type { HostReading } from "../readings/host.ts";
import { createHostSources } from "../sources.ts";
import { noticeLog, SILENT_LOG } from "./check-log.ts";
import { failed, type Finding, unwell, well } from "./finding.ts";
import type { CheckOptions } from "./hypervisor.ts";

/** As long as reading the host may take; what hangs is set aside long before that. */
const DEADLINE_MS = 10_000;

/** Looks at the host as the agent does. Never rejects but for the signal. */
export async function checkHost({ configuration, signal }: CheckOptions): Promise<Finding[]> {
  const { enabled, note, procfs, sysfs } = configuration.host;
  const subject = `${procfs} and ${sysfs}`;
  if (!enabled) {
    return [
      unwell("host-off", subject, { says: note ?? "the machine itself is not read: host.enabled is false" }),
    ];
  }
  const { log, notices, warnings } = noticeLog();
  const sources = createHostSources(configuration, { log, pacing: "whole" });
  const poller = new Poller<HostReading>(sources, systemClock, SILENT_LOG);
  const [outcome] = await poller.poll(DEADLINE_MS, signal);
  signal.throwIfAborted();
  if (outcome === undefined) return [];
  const { reading, error } = outcome;
  const problems = error === undefined ? (reading?.problems ?? []) : [error];
  const absent = notices.filter((text) => text !== note);
  const readers = Object.keys(reading?.statistics.readAt ?? {}).length - absent.length;
  return [
    well("host-reader", subject, `${readers} readers have read what they are for`),
    ...warnings.map((says) => unwell("host-container", subject, { says })),
    ...problems.map((problem) => failed("host-reader", subject, { error: problem })),
    ...absent.map((says) => unwell("host-absent", subject, { says })),
  ];
}
