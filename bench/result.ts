/** One measured number of a benchmark. */
export interface BenchRow {
  readonly label: string;
  readonly value: number;
  readonly unit: string;
}

/** What a benchmark module's `run()` gives: rows for docs/benchmarks.md. */
export interface BenchResult {
  /** A heading. */
  readonly name: string;
  /** What was measured and how, in a sentence or two. */
  readonly method: string;
  readonly rows: readonly BenchRow[];
}

/** The middle one of a few measurements, milliseconds. */
export function median(durationsMs: readonly number[]): number {
  return durationsMs.toSorted((a, b) => a - b)[Math.floor(durationsMs.length / 2)] ?? Number.NaN;
}

/** Prints a result the way a terminal wants it. */
export function printResult(result: BenchResult): void {
  console.log(`${result.name}\n${result.method}`);
  const width = Math.max(...result.rows.map(({ label }) => label.length));
  for (const { label, value, unit } of result.rows) {
    console.log(`  ${label.padEnd(width)}  ${value.toFixed(2).padStart(10)} ${unit}`);
  }
}
