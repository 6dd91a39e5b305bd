/**
 * Durations and sizes as people write them: a number with its unit, `10s`, `1h30m`, `4MiB`. A number without a
 * unit is refused: half of all readers would take it for seconds, the other half for milliseconds.
 */

/** Milliseconds of each unit of a duration, largest first. */
const DURATION_UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Bytes of each unit of a size, largest first; kB, MB and GB are powers of 1000. */
const SIZE_UNITS = {
  GiB: 2 ** 30,
  GB: 1e9,
  MiB: 2 ** 20,
  MB: 1e6,
  KiB: 1024,
  kB: 1000,
  B: 1,
} as const;

/** What a duration looks like, as a regular expression without anchors. */
export const DURATION_PATTERN = "(?:\\d{1,15}(?:\\.\\d{1,9})?(?:ms|s|m|h|d))+";

/** What a size looks like, as a regular expression without anchors. */
export const SIZE_PATTERN = "\\d{1,15}(?:\\.\\d{1,9})?(?:B|kB|KiB|MB|MiB|GB|GiB)";

const WHOLE_DURATION = new RegExp(`^${DURATION_PATTERN}$`);
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const WHOLE_SIZE = new RegExp(`^${SIZE_PATTERN}$`);

/** Milliseconds of `500ms`, `10s`, `5m` or `1h30m`; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE_DURATION.test(text)) return undefined;
  let milliseconds = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    milliseconds += Number(amount) * DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
  }
  return Math.round(milliseconds);
}

/** The shortest way to write whole milliseconds: 90000 is `1m30s`. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = "";
  for (const [unit, size] of Object.entries(DURATION_UNITS)) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text === "" ? "0s" : text;
}

/** Bytes of `500kB` or `4MiB`; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  if (!WHOLE_SIZE.test(text)) return undefined;
  const unitAt = text.search(/[A-Za-z]/);
  const unit = text.slice(unitAt) as keyof typeof SIZE_UNITS;
  return Math.round(Number(text.slice(0, unitAt)) * SIZE_UNITS[unit]);
}

/** Bytes in the largest unit that leaves no fraction: 4194304 is `4MiB`. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of Object.entries(SIZE_UNITS)) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
