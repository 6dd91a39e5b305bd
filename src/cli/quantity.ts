import { formatDuration } from "../config/units.ts";

const BINARY_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;
const SHORT_TIMES = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
] as const;

/** `1.5 GiB`; three digits tell enough. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(Math.round(value)) : digits(value)} ${BINARY_UNITS[unit] ?? ""}`;
}

/** `12.3 %` of a ratio in 0..1. */
export function formatRatio(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

/** `3d4h`, `1m30s`, `4.2 ms`. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds >= 86_400) return formatDuration(Math.round(seconds / 3600) * 3_600_000);
  if (seconds >= 60) return formatDuration(Math.round(seconds) * 1000);
  const [size, unit] = SHORT_TIMES.find(([size]) => Math.abs(seconds) >= size) ?? SHORT_TIMES[3];
  return `${digits(seconds / size)} ${unit}`;
}

/** A value in its UCUM unit as a person reads it. */
export function formatValue(value: number | bigint, unit: string): string {
  const number = Number(value);
  if (unit === "By") return formatBytes(number);
  if (unit === "By/s") return `${formatBytes(number)}/s`;
  if (unit === "s") return formatSeconds(number);
  const text = typeof value === "bigint" || Number.isInteger(value) ? String(value) : digits(value);
  return unit === "1" || unit.startsWith("{") ? text : `${text} ${unit}`;
}

function digits(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude < 1) return String(Number(value.toPrecision(3)));
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2);
}
