import type { XdrWriter } from "../libvirt/xdr-writer.ts";

/** A parameter's name, ready for the wire. */
export type WireName = Buffer;

const Type = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;

const TWO_TO_32 = 4_294_967_296;

/** The XDR of a name. */
export function wireName(name: string): WireName {
  const bytes = Buffer.from(name);
  const wire = Buffer.alloc(4 + Math.ceil(bytes.length / 4) * 4);
  wire.writeUInt32BE(bytes.length, 0);
  wire.set(bytes, 4);
  return wire;
}

/** The wire names of a table of names. */
export function wireNames<const Names extends Record<string, string>>(
  names: Names,
): Record<keyof Names, WireName> {
  const entries = Object.entries(names).map(([key, name]) => [key, wireName(name)]);
  return Object.fromEntries(entries) as Record<keyof Names, WireName>;
}

/** What `make` makes of a number, made once for each. Device numbers are small, so it stays small. */
export function perNumber<T>(make: (number: number) => T): (number: number) => T {
  const made: T[] = [];
  return (number) => (made[number] ??= make(number));
}

/** Writes typed parameters as `tp<>` of remote_protocol.x: `string field, int type, value`. */
export class ParameterList {
  readonly #writer: XdrWriter;
  readonly #countAt: number;
  #count = 0;

  constructor(writer: XdrWriter) {
    this.#writer = writer;
    this.#countAt = writer.length;
    writer.u32(0);
  }

  int(name: WireName, value: number): void {
    this.#begin(name, Type.int);
    this.#writer.i32(value);
  }

  uint(name: WireName, value: number): void {
    this.#begin(name, Type.uint);
    this.#writer.u32(value);
  }

  llong(name: WireName, value: number): void {
    this.#begin(name, Type.llong);
    this.#words(value);
  }

  /** The whole part of `value`; written as two words because a bigint per counter would be the greatest cost here. */
  ullong(name: WireName, value: number): void {
    this.#begin(name, Type.ullong);
    this.#words(value);
  }

  double(name: WireName, value: number): void {
    this.#begin(name, Type.double);
    this.#writer.double(value);
  }

  boolean(name: WireName, value: boolean): void {
    this.#begin(name, Type.boolean);
    this.#writer.bool(value);
  }

  string(name: WireName, value: string): void {
    this.#begin(name, Type.string);
    this.#writer.string(value);
  }

  /** Puts the count where the reader looks for it first. */
  end(): void {
    this.#writer.bytes().writeUInt32BE(this.#count, this.#countAt);
  }

  #begin(name: WireName, type: number): void {
    this.#count += 1;
    this.#writer.fixedOpaque(name);
    this.#writer.i32(type);
  }

  #words(value: number): void {
    const whole = Math.floor(value);
    const high = Math.floor(whole / TWO_TO_32);
    this.#writer.u32(high);
    this.#writer.u32(whole - high * TWO_TO_32);
  }
}
