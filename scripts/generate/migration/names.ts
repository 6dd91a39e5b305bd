import { knownMetric } from "../promql/known-names.ts";

/** What something is called elsewhere, and here. */
export interface Translation {
  readonly theirs: string;
  /** The row of the table; absent where kvmeter has nothing of the kind. */
  readonly ours?: string;
  /** Attributes that tell its series from the row's others. */
  readonly where?: string;
  /** How the values differ, or what to use instead. */
  readonly note?: string;
}

/**
 * A Markdown table of names.
 * @throws Error for a name of ours that is not in the table of metrics.
 */
export function translationTable(translations: readonly Translation[]): string {
  const rows = translations.map(({ theirs, ours, where, note = "" }) => {
    const name = ours === undefined ? "–" : `\`${knownMetric(ours).name}\``;
    return `| \`${theirs}\` | ${where === undefined ? name : `${name} ${where}`} | ${note} |`;
  });
  return `| there | kvmeter | |\n|---|---|---|\n${rows.join("\n")}\n`;
}
