/**
 * What libvirt counts its statistics in, as virsh(1) says under `domstats`, and what becomes of it in a metric:
 * written down here a second time on purpose, so that a wrong unit in the product's table does not agree with itself.
 */
export type LibvirtUnit =
  | "ns"
  | "KiB"
  | "bytes"
  | "count"
  | "MiB/s"
  | "J"
  | "average"
  | "yes or no"
  | "count or yes or no";

/** A value as `kvmeter once --format json` prints it: whole numbers beyond 2^53 are text. */
export type Value = number | string;

interface Rule {
  /** The metric's unit, UCUM. */
  readonly ucum: RegExp;
  /** The value of what virsh printed. */
  readonly value: (printed: string) => Value;
  /** virsh prints six decimals of a fraction; kvmeter has them all. */
  readonly rounded?: true;
}

export const LIBVIRT_UNITS: Readonly<Record<LibvirtUnit, Rule>> = {
  ns: { ucum: /^s$/, value: secondsOfNs },
  KiB: { ucum: /^By$/, value: (printed) => whole(BigInt(printed) * 1024n) },
  bytes: { ucum: /^By$/, value: (printed) => whole(BigInt(printed)) },
  count: { ucum: /^(1|\{\w+\})$/, value: (printed) => whole(BigInt(printed)) },
  // KVM's own statistics are some of each.
  "count or yes or no": {
    ucum: /^(1|\{\w+\})$/,
    value: (printed) => (/^(yes|no)$/.test(printed) ? Number(printed === "yes") : whole(BigInt(printed))),
  },
  "MiB/s": { ucum: /^By\/s$/, value: (printed) => whole(BigInt(printed) * 1024n * 1024n) },
  J: { ucum: /^J$/, value: Number, rounded: true },
  average: { ucum: /^1$/, value: Number, rounded: true },
  "yes or no": { ucum: /^1$/, value: (printed) => (printed === "yes" ? 1 : 0) },
};

/** The decimal point is set by hand: what parses the text then rounds once, however large the number. */
export function secondsOfNs(printed: string): number {
  const digits = printed.padStart(10, "0");
  return Number(`${digits.slice(0, -9)}.${digits.slice(-9)}`);
}

/** A whole number as JSON has it. */
export function whole(value: bigint): Value {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}
