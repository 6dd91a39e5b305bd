import { FORMATS } from "./quantities.ts";
import type { TopDomain } from "./top-domain.ts";

/** How much a word needs somebody's attention; colour says it again where there is colour. */
export type Level = "plain" | "good" | "notice" | "bad";

export interface Health {
  readonly level: Level;
  /** A word or two; what is well is `ok`. */
  readonly text: string;
}

/** Guest memory figures that are older were not brought up to date by a living balloon driver. */
const STALE_STATS_S = 120;

/** A guest needs a while until its balloon driver runs. */
const BOOT_S = 120;

const DEAD_STATES: ReadonlySet<string> = new Set(["crashed", "pmsuspended"]);

/** The first rule that has something to say decides: the worst comes first. */
const RULES: readonly ((domain: TopDomain) => Health | undefined)[] = [
  ({ isInSight }) => (isInSight ? undefined : { level: "bad", text: "away" }),
  ({ condition: { control }, whole }) => {
    if (control === undefined || control === "ok") return undefined;
    const since = FORMATS.age(whole.figure("controlTime") ?? 0);
    return control === "job"
      ? { level: "notice", text: `busy ${since}` }
      : { level: "bad", text: `hung ${since}` };
  },
  ({ condition: { state } }) =>
    state !== undefined && DEAD_STATES.has(state) ? { level: "bad", text: state } : undefined,
  ({ condition: { state, reason } }) =>
    state === "paused"
      ? { level: reason === "ioerror" || reason === "crashed" ? "bad" : "notice", text: reason ?? state }
      : undefined,
  ({ condition: { state } }) => (state === "running" ? undefined : { level: "plain", text: "-" }),
  ({ whole }) =>
    (whole.figure("statsAge") ?? 0) > STALE_STATS_S ? { level: "notice", text: "old mem" } : undefined,
  ({ whole }) =>
    whole.figure("balloon") !== undefined &&
    whole.figure("guestUsage") === undefined &&
    (whole.figure("uptime") ?? 0) > BOOT_S
      ? { level: "plain", text: "no stats" }
      : undefined,
];

/** What is not as it should be with a VM, or with the reading of it. */
export function healthOf(domain: TopDomain): Health {
  for (const rule of RULES) {
    const health = rule(domain);
    if (health !== undefined) return health;
  }
  return { level: "good", text: "ok" };
}

const LEVELS: readonly Level[] = ["plain", "good", "notice", "bad"];

/** For sorting: the more it needs attention the higher. */
export function severityOf(domain: TopDomain): number {
  return LEVELS.indexOf(healthOf(domain).level);
}
