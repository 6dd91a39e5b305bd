/** What the agent knows of its own course at one moment. */
export interface Course {
  readonly intervalMs: number;
  /** Time since the last cycle ended, or since the start before there is one. */
  readonly sinceLastCycleMs: number;
  readonly hasCycled: boolean;
  /** Everything that is to be read, and whether that has worked since the start. */
  readonly sources: ReadonlyMap<string, boolean>;
  /** Every destination, and whether it has taken data since the start. */
  readonly destinations: ReadonlyMap<string, boolean>;
}

/** An answer with why it is so. */
export interface Judgement {
  readonly good: boolean;
  readonly reason: string;
}

/** Intervals that may pass without the end of a cycle. */
const MISSED_CYCLES = 3;

/** Is the agent alive: does it cycle? */
export function judgeHealth({ intervalMs, sinceLastCycleMs, hasCycled }: Course): Judgement {
  const since = hasCycled ? "the last cycle ended" : "no cycle has ended since the start";
  const reason = `${since} ${seconds(sinceLastCycleMs)} ago, one is due every ${seconds(intervalMs)}`;
  return { good: sinceLastCycleMs <= MISSED_CYCLES * intervalMs, reason };
}

/** Does the agent do its work: has it read a source, and has a destination taken something? */
export function judgeReadiness({ sources, destinations }: Course): Judgement {
  const missing = [
    missingAll("no source has been read yet", sources),
    missingAll("no destination has taken data yet", destinations),
  ].filter((words) => words !== "");
  if (missing.length > 0) return { good: false, reason: missing.join("; ") };
  return { good: true, reason: `reading ${worked(sources)}; sending to ${worked(destinations)}` };
}

function missingAll(words: string, seen: ReadonlyMap<string, boolean>): string {
  return seen.size === 0 || [...seen.values()].includes(true)
    ? ""
    : `${words}: ${[...seen.keys()].join(", ")}`;
}

function worked(seen: ReadonlyMap<string, boolean>): string {
  const names = [...seen].flatMap(([name, works]) => (works ? [name] : []));
  return `${names.length} of ${seen.size} (${names.join(", ")})`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
