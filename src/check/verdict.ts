import type { CheckState, Finding } from "./finding.ts";

/** From the worst to the best. */
export const STATES = ["fail", "warn", "skip", "ok"] as const satisfies readonly CheckState[];

/** How many findings there are of each state. */
export type Counts = Readonly<Record<CheckState, number>>;

export function countStates(findings: readonly Finding[]): Counts {
  const counts = { ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { state } of findings) counts[state] += 1;
  return counts;
}

/** The worst state there is. What was not looked at is no worse than what is well. */
export function worstOf(counts: Counts): Exclude<CheckState, "skip"> {
  if (counts.fail > 0) return "fail";
  return counts.warn > 0 ? "warn" : "ok";
}
