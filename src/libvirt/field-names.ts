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
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The name in `bytes`, from `start` up to `end`. */
  intern(bytes: Buffer, start: number, end: number): string {
    let fnv1a = 0x811c_9dc5;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      bits |= byte;
      fnv1a = Math.imul(fnv1a ^ byte, 0x0100_0193);
    }
    // libvirt's names are ASCII, and only those can be compared byte by character
    if (bits > 0x7f) return bytes.toString("utf8", start, end);
    let slot = (fnv1a ^ (fnv1a >>> 16)) & (SLOTS - 1);
    for (;;) {
      const name = this.#slots[slot];
      if (name === undefined) return this.#add(slot, bytes.toString("latin1", start, end));
      if (name.length === end - start && equals(name, bytes, start)) return name;
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  #add(slot: number, name: string): string {
    if (this.#size === NAMES_LIMIT) {
      this.#slots.fill(undefined);
      this.#size = 0;
    }
    this.#slots[slot] = name;
    this.#size += 1;
    return name;
  }
}

function equals(name: string, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
