/** VIR_TYPED_PARAM_FIELD_LENGTH, less the C string's end: the longest name that libvirt itself can hold. */
export const FIELD_NAME_LIMIT_BYTES = 79;

const SLOTS = 65_536;
/** At most half full, or probing gets long. A guest with 512 vCPUs and all KVM statistics has about 24,000 names. */
const NAMES_LIMIT = SLOTS / 2;

/**
 * Gives the same string for the same bytes without creating a string to look it up. A reply of 100 domains repeats
 * some fifty names a hundred times; creating each of them would be most of the cost of decoding it, and of what the
 * garbage collector has to do.
 *
 * Bounded: a full table starts anew, so names that never repeat cannot fill the memory.
 */
export class FieldNames {
  readonly #slots = Array.from<string | undefined>({ length: SLOTS });
  /** By slot, the slot of the name that came next when it was last met: every domain's names come in the same order. */
  readonly #followers = new Uint16Array(SLOTS);
  #latest = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The name in `bytes`, from `start` up to `end`. */
  intern(bytes: Buffer, start: number, end: number): string {
    const guess = this.#followers[this.#latest] as number;
    const guessed = this.#slots[guess];
    if (guessed !== undefined && equals(guessed, bytes, { start, end })) {
      this.#latest = guess;
      return guessed;
    }
    const slot = this.#slotOf(bytes, start, end);
    if (slot === undefined) return bytes.toString("utf8", start, end);
    this.#followers[this.#latest] = slot;
    this.#latest = slot;
    return this.#slots[slot] as string;
  }

  /** Undefined for names that are not ASCII, as libvirt's all are: only ASCII can be compared byte by character. */
  #slotOf(bytes: Buffer, start: number, end: number): number | undefined {
    let fnv1a = 0x811c_9dc5;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      bits |= byte;
      fnv1a = Math.imul(fnv1a ^ byte, 0x0100_0193);
    }
    if (bits > 0x7f) return undefined;
    let slot = (fnv1a ^ (fnv1a >>> 16)) & (SLOTS - 1);
    for (;;) {
      const name = this.#slots[slot];
      if (name === undefined) {
        this.#add(slot, bytes.toString("latin1", start, end));
        return slot;
      }
      if (equals(name, bytes, { start, end })) return slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  #add(slot: number, name: string): void {
    if (this.#size === NAMES_LIMIT) {
      this.#slots.fill(undefined);
      this.#size = 0;
    }
    this.#slots[slot] = name;
    this.#size += 1;
  }
}

function equals(name: string, bytes: Buffer, range: { start: number; end: number }): boolean {
  const { start, end } = range;
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
