import { type Integer, multiply, scaleDown } from "../integer.ts";
import type { FieldUnit } from "../readings/statistics-fields.ts";

/** UCUM units that a field can be told in. An annotation in braces says what a plain count counts. */
export type FieldableUnit = "1" | "s" | "By" | "By/s" | "J" | "Hz" | `{${string}}`;

/** UCUM units that the catalogue uses. */
export type UcumUnit = FieldableUnit | `{${string}}/s`;

/** How a number of libvirt's becomes a value of a metric. */
export interface Conversion {
  readonly unit: UcumUnit;
  readonly valueType: "int" | "double";
  /** Whole numbers are multiplied by it, which keeps them exact. */
  readonly factor: number;
  /** Decimal digits that become a fraction. */
  readonly digits: number;
}

const conversion = <const Unit extends UcumUnit>(
  unit: Unit,
  valueType: Conversion["valueType"],
  scale: { factor?: number; digits?: number } = {},
) => ({ unit, valueType, factor: scale.factor ?? 1, digits: scale.digits ?? 0 });

/**
 * What each unit of libvirt's becomes. The only place where a factor stands: a row of the catalogue names a
 * field and a unit, and the two together have one conversion or do not compile.
 */
export const CONVERSIONS = {
  ns: conversion("s", "double", { digits: 9 }),
  us: conversion("s", "double", { digits: 6 }),
  ms: conversion("s", "double", { digits: 3 }),
  ticks: conversion("s", "double", { digits: 2 }),
  KiB: conversion("By", "int", { factor: 1024 }),
  By: conversion("By", "int"),
  sectors: conversion("By", "int", { factor: 512 }),
  kHz: conversion("Hz", "int", { factor: 1000 }),
  "MiB/s": conversion("By/s", "int", { factor: 1_048_576 }),
  J: conversion("J", "double"),
  count: conversion("1", "int"),
  ratio: conversion("1", "double"),
  hundredths: conversion("1", "double", { digits: 2 }),
  "hundredths of a percent": conversion("1", "double", { digits: 4 }),
  flag: conversion("1", "int"),
} as const satisfies Partial<Record<FieldUnit, Conversion>>;

/** Units of libvirt's that become a number of a metric. */
export type NumericUnit = keyof typeof CONVERSIONS;

/** The units that a metric can have whose field is in this unit. Only a count can be called something. */
export type UnitOf<Unit extends FieldUnit> = Unit extends "count" | "hundredths"
  ? "1" | `{${string}}`
  : Unit extends NumericUnit
    ? (typeof CONVERSIONS)[Unit]["unit"]
    : never;

/** The value in the metric's unit: exact where it is whole, else the nearest double. */
export function convert(raw: Integer | boolean, { factor, digits }: Conversion): Integer {
  if (typeof raw === "boolean") return raw ? 1 : 0;
  if (digits !== 0) return scaleDown(raw, digits);
  return factor === 1 ? raw : multiply(raw, factor);
}
