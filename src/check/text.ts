import { printable } from "../printable.ts";
import type { Paint, Style } from "../top/paint.ts";
import { AREAS, type Area } from "./finding-kind.ts";
import type { CheckState, Finding } from "./finding.ts";
import { kindOf } from "./findings.ts";
import { countStates, STATES, worstOf } from "./verdict.ts";

const STYLES: Readonly<Record<CheckState, Style | undefined>> = {
  ok: "good",
  warn: "notice",
  fail: "bad",
  skip: "faint",
};

/** Subjects of one finding that are named; the others are counted. */
const NAMED = 3;

/** Findings of one kind that are shown; a thousand VMs can have a thousand different problems. */
const SHOWN = 5;

/** Findings that say the same of several things. */
interface Group {
  readonly first: Finding;
  readonly subjects: readonly string[];
}

/** The findings as lines: by area, what is well first, and what many VMs have alike told once. */
export function renderCheck(findings: readonly Finding[], paint: Paint): string {
  const byArea = Map.groupBy(findings, ({ id }) => kindOf(id).area);
  const lines = Array.from(byArea, ([area, found]) => [
    paint(AREAS[area satisfies Area], "strong"),
    ...linesOfArea(groupsOf(found), paint),
    "",
  ]);
  return `${[...lines.flat(), verdictOf(findings, paint)].join("\n")}\n`;
}

function groupsOf(findings: readonly Finding[]): Group[] {
  const alike = Map.groupBy(findings, ({ id, state, says }) => `${id} ${state} ${says}`);
  const groups = Array.from(alike.values(), (group) => ({
    first: group[0] as Finding,
    subjects: group.map(({ subject }) => subject),
  }));
  const rank = ({ first }: Group): number => -STATES.indexOf(first.state);
  return groups.toSorted((a, b) => rank(a) - rank(b));
}

function linesOfArea(groups: readonly Group[], paint: Paint): string[] {
  const alike = Map.groupBy(groups, ({ first: { id, state } }) => `${id} ${state}`);
  return [...alike.values()].flatMap((kind) => {
    const lines = kind.slice(0, SHOWN).flatMap((group) => linesOf(group, paint));
    const rest = kind.slice(SHOWN).flatMap(({ subjects }) => subjects);
    if (rest.length === 0) return lines;
    return lines.concat(`        and ${rest.length} more of this kind; --format json lists them`);
  });
}

function linesOf({ first, subjects }: Group, paint: Paint): string[] {
  const { state, says, mend, code, id } = first;
  const label = paint(state.padEnd(4), STYLES[state]);
  const suffix = code === undefined ? "" : ` [${code}]`;
  const line = `  ${label}  ${printable(`${nameSubjects(subjects)}: ${says}`)}${suffix}${state === "ok" ? "" : paint(` (${id})`, "faint")}`;
  if (mend === undefined) return [line];
  const likewise = subjects.length > 1 ? ` (and so for the other ${subjects.length - 1})` : "";
  return [line, `        mend: ${printable(mend)}${likewise}`];
}

function nameSubjects(subjects: readonly string[]): string {
  const named = subjects.slice(0, NAMED).join(", ");
  return subjects.length > NAMED ? `${named} and ${subjects.length - NAMED} more` : named;
}

function verdictOf(findings: readonly Finding[], paint: Paint): string {
  const { ok, warn, fail, skip } = countStates(findings);
  const worst = worstOf({ ok, warn, fail, skip });
  const words = { ok: "All is well", warn: "Something is missing", fail: "Data is lost" }[worst];
  return paint(`${words}: ${ok} ok, ${warn} warn, ${fail} fail, ${skip} skip`, STYLES[worst]);
}
