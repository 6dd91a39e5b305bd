import { KvmeterError } from "../errors.ts";
import { fromSignedWords, fromWords, type Integer } from "../integer.ts";

/** REMOTE_STRING_MAX: the longest string that libvirt itself would send. */
export const STRING_LIMIT_BYTES = 4_194_304;

/**
 * Reads XDR (RFC 4506), big endian. Every count is checked against the bytes that are really there before
 * anything is allocated; what does not fit is a LIBVIRT_PROTOCOL error that names the offset.
 */
export class XdrReader {
  readonly buffer: Buffer;
  readonly #view: DataView;
  #offset: number;
  readonly #end: number;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#offset = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4));
  }

  i32(): number {
    return this.#view.getInt32(this.skip(4));
  }

  bool(): boolean {
    return this.u32() !== 0;
  }

  u64(): Integer {
    const at = this.skip(8);
    return fromWords(this.#view.getUint32(at), this.#view.getUint32(at + 4));
  }

  i64(): Integer {
    const at = this.skip(8);
    return fromSignedWords(this.#view.getInt32(at), this.#view.getUint32(at + 4));
  }

  double(): number {
    return this.#view.getFloat64(this.skip(8));
  }

  string(limitBytes = STRING_LIMIT_BYTES): string {
    const at = this.skipString(limitBytes) + 4;
    return this.buffer.toString("utf8", at, at + this.#view.getUint32(at - 4));
  }

  /** Moves past a string, as strictly as string() reads it, and returns where its length stands. */
  skipString(limitBytes = STRING_LIMIT_BYTES): number {
    const at = this.#offset;
    const length = this.u32();
    if (length > limitBytes) this.fail(`a string of ${length} bytes is over the limit of ${limitBytes}`);
    this.skip(length);
    this.#skipPadding(length);
    return at;
  }

  /** `opaque[n]` as a view into the reply. */
  fixedOpaque(length: number): Buffer {
    const at = this.skip(length);
    this.#skipPadding(length);
    return this.buffer.subarray(at, at + length);
  }

  optional<T>(read: () => T): T | undefined {
    return this.bool() ? read() : undefined;
  }

  /** `T<limit>`: see count(). */
  array<T>(minimumBytes: number, read: () => T, limit: number = Infinity): T[] {
    const count = this.count(minimumBytes, limit);
    const values: T[] = [];
    for (let i = 0; i < count; i++) values.push(read());
    return values;
  }

  /**
   * How many elements of `T<limit>` follow. `minimumBytes` is the least that one element takes: a count that cannot
   * fit is refused, as is one over the limit of the protocol.
   */
  count(minimumBytes: number, limit: number): number {
    const count = this.u32();
    if (count > limit) this.fail(`an array of ${count} elements is over the limit of ${limit}`);
    if (count * minimumBytes > this.remaining) {
      this.fail(`an array of ${count} elements cannot fit in the ${this.remaining} bytes left`);
    }
    return count;
  }

  /** Everything must have been read. */
  expectEnd(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} bytes are left over`);
  }

  /** Moves past `count` bytes and returns where they began. */
  skip(count: number): number {
    const at = this.#offset;
    if (count > this.#end - at) this.fail(`${count} bytes wanted, ${this.#end - at} left`);
    this.#offset = at + count;
    return at;
  }

  fail(problem: string): never {
    throw new KvmeterError("LIBVIRT_PROTOCOL", `Cannot decode the reply at byte ${this.#offset}: ${problem}`);
  }

  #skipPadding(length: number): void {
    const rest = length & 3;
    if (rest !== 0) this.skip(4 - rest);
  }
}
