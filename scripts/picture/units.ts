import { formatRatio, formatValue } from "../../src/cli/quantity.ts";

/** Grafana's units that the dashboards have, as those of UCUM. */
const UCUM: Readonly<Record<string, string>> = {
  bytes: "By",
  Bps: "By/s",
  ops: "ops/s",
  pps: "p/s",
  s: "s",
  short: "1",
  none: "1",
};

/** A value as a panel shows it. */
export function panelValue(value: number, unit: string): string {
  if (unit === "percentunit") return formatRatio(value);
  const ucum = UCUM[unit];
  if (ucum === undefined) throw new Error(`Cannot draw a value in the unit ${unit}: add it to UCUM`);
  return formatValue(value, ucum);
}

/** The same at an axis, where ticks are round. */
export function axisValue(value: number, unit: string): string {
  return panelValue(value, unit)
    .replace(/(\d)\.0+(?!\d)/, "$1")
    .replace(/(\.\d*?[1-9])0+(?!\d)/, "$1");
}

/** What a tick has to be a round number of: powers of 1024 for bytes. */
export function tickBase(unit: string, highest: number): number {
  if (unit !== "bytes" && unit !== "Bps") return 1;
  return 1024 ** Math.max(0, Math.floor(Math.log(highest) / Math.log(1024)));
}
