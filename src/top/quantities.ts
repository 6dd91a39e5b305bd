/** How amounts are shown; `u` goes from one to the next. */
export const UNITS = {
  binary: { base: 1024, networkFactor: 1, says: "bytes by 1024" },
  decimal: { base: 1000, networkFactor: 1, says: "bytes by 1000" },
  bits: { base: 1000, networkFactor: 8, says: "bytes by 1000, network in bits" },
} as const;

export type Units = keyof typeof UNITS;

export const UNIT_NAMES = Object.keys(UNITS) as readonly Units[];

const PREFIXES = ["", "K", "M", "G", "T", "P", "E"] as const;

/** What a number means, and so how it is written, in five characters wherever that is possible. */
export const FORMATS = {
  /** `1.23M` */
  bytes: (value, units) => scaled(value, UNITS[units].base),
  /** Bytes in, bytes or bits shown. */
  traffic: (value, units) => scaled(value * UNITS[units].networkFactor, UNITS[units].base),
  /** `1234`, `123K` */
  count: (value) => (value > 0 && value < 9.95 ? trimmed(value.toFixed(1)) : scaled(value, 1000, 99_999.5)),
  /** A ratio as percent, without the sign. */
  percent: (value) => (value * 100).toFixed(Math.abs(value) >= 9.9995 ? 0 : 1),
  /** Seconds as milliseconds. */
  milliseconds: (value) => threeDigits(value * 1000),
  /** Seconds as `12s`, `3h12m`, `12d3h`. */
  age: (value) => age(Math.floor(value)),
} as const satisfies Readonly<Record<string, (value: number, units: Units) => string>>;

export type Format = keyof typeof FORMATS;

/** A value as it is shown; `-` where there is none. */
export function shownAs(value: number | undefined, format: Format, units: Units): string {
  return value === undefined ? "-" : FORMATS[format](value, units);
}

function scaled(value: number, base: number, unscaledBelow = base): string {
  if (Math.abs(value) < unscaledBelow) return String(Math.round(value));
  let rest = value;
  let prefix = 0;
  // 999.6 would be written with four digits.
  while (Math.abs(rest) >= base - 0.5 && prefix < PREFIXES.length - 1) {
    rest /= base;
    prefix += 1;
  }
  return `${threeDigits(rest)}${PREFIXES[prefix] ?? ""}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function trimmed(text: string): string {
  return text.replace(/\.0$/, "");
}

const AGES = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

function age(seconds: number): string {
  const first = AGES.findIndex(([, size]) => seconds >= size);
  const [unit, size] = AGES[first] ?? AGES[3];
  const next = AGES[first + 1];
  const whole = `${Math.floor(seconds / size)}${unit}`;
  // Beyond an hour the second unit tells enough more to be worth its place.
  if (next === undefined || size < 3600) return whole;
  const more = Math.floor((seconds % size) / next[1]);
  return more === 0 ? whole : `${whole}${more}${next[0]}`;
}
