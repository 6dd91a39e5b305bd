import type { MetricPatterns } from "../config/configuration.ts";
import { globMatcher } from "../glob.ts";
import { METRIC_ROWS } from "../metrics/definitions.ts";
import { type Finding, unwell, well } from "./finding.ts";

/** Bulk statistics can be asked for without waiting for a domain that hangs since then. */
const OLDEST = "4.5.0";

/** What libvirt's statistics did not always have. */
const ADDITIONS = [
  { since: "7.6.0", metrics: "libvirt.domain.cpu.haltpoll.time", what: "halt polling times" },
  { since: "8.9.0", metrics: "libvirt.domain.*.kvm.*", what: "KVM's statistics" },
  { since: "11.10.0", metrics: "libvirt.domain.disk.interval.*", what: "disk latency by interval" },
  { since: "11.10.0", metrics: "libvirt.domain.disk.constraint", what: "disk constraints" },
  { since: "12.1.0", metrics: "libvirt.domain.disk.operation.duration", what: "disk latency histograms" },
  { since: "12.4.0", metrics: "libvirt.domain.cpu.energy", what: "energy" },
] as const;

/** Is 9.0.0 older than 12.1.0? */
export function isOlder(version: string, than: string): boolean {
  const [mine, theirs] = [version, than].map((text) => text.split(".").map(Number));
  for (const [at, wanted = 0] of (theirs ?? []).entries()) {
    const have = mine?.[at] ?? 0;
    if (have !== wanted) return have < wanted;
  }
  return false;
}

/** What a libvirt of this version has of what is asked for, and what a newer one would add. */
export function judgeVersion(uri: string, version: string, { enable, disable }: MetricPatterns): Finding[] {
  if (isOlder(version, OLDEST)) return [unwell("libvirt-unsupported", uri, { values: { version } })];
  const missing = ADDITIONS.filter(({ since }) => isOlder(version, since));
  const isOff = globMatcher(disable);
  const findings: Finding[] = [];
  const others: (typeof ADDITIONS)[number][] = [];
  for (const addition of missing) {
    const fits = globMatcher([addition.metrics]);
    const names = METRIC_ROWS.map(({ name }) => name).filter((name) => fits(name) && !isOff(name));
    // Who switches on all there is does not ask for this one.
    const patterns = enable.filter((pattern) => pattern !== "*" && names.some(globMatcher([pattern])));
    const { since, metrics } = addition;
    if (names.length === 0) continue;
    if (patterns.length === 0) others.push(addition);
    else {
      const values = { metrics, since, version, patterns: patterns.join(", ") };
      findings.push(unwell("libvirt-too-old", uri, { values }));
    }
  }
  const newest = others.at(-1);
  if (findings.length === 0)
    findings.push(well("libvirt-too-old", uri, `libvirt ${version} has all that is asked for`));
  if (newest !== undefined) {
    const what = others.map(({ since, what }) => `${what} (${since})`).join(", ");
    findings.push(unwell("libvirt-newer", uri, { values: { since: newest.since, what } }));
  }
  return findings;
}
