import type { Finding } from "./finding.ts";
import { kindOf } from "./findings.ts";
import { countStates, worstOf } from "./verdict.ts";

/** What `kvmeter check --format json` prints; a stable interface for scripts. */
export interface CheckJson {
  readonly worst: "ok" | "warn" | "fail";
  readonly counts: Readonly<Record<"ok" | "warn" | "fail" | "skip", number>>;
  /** One for each thing that was looked at, none left out. */
  readonly findings: readonly (Finding & { readonly area: string })[];
}

export function toCheckJson(findings: readonly Finding[]): CheckJson {
  const counts = countStates(findings);
  return {
    worst: worstOf(counts),
    counts,
    findings: findings.map((finding) => ({ area: kindOf(finding.id).area, ...finding })),
  };
}
