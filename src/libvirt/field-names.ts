/** VIR_TYPED_PARAM_FIELD_LENGTH, less the C string's end: the longest name that libvirt itself can hold. */
export const FIELD_NAME_LIMIT_BYTES = 79;

/** Room for the names of an ordinary host's domains. */
const FIRST_SLOTS = 1024;
/** A guest with 512 vCPUs and all KVM statistics has about 24,000 names. */
const SLOTS_LIMIT = 65_536;

const FNV1A_BASIS = 0x811c_9dc5;

/**
 * Gives the same string for the same bytes without creating a string to look it up. A reply of 100 domains repeats
 * some fifty names a hundred times; creating each of them would be most of the cost of decoding it, and of what the
 * garbage collector has to do.
 *
 * At most half full, or probing gets long: the table doubles. Bounded: a full one that may not starts anew, so names that
 * never repeat cannot fill the memory.
 */
export class FieldNames {
  #slots = emptySlots(FIRST_SLOTS);
  /** By slot, the slot of the name that came next when it was last met: every domain's names come in the same order. */
  #followers = new Uint16Array(FIRST_SLOTS);
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
    let hash = FNV1A_BASIS;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      bits |= byte;
      hash = fnv1a(hash, byte);
    }
    if (bits > 0x7f) return undefined;
    let slot = this.#firstSlot(hash);
    for (;;) {
      const name = this.#slots[slot];
      if (name === undefined) return this.#add(bytes.toString("latin1", start, end));
      if (equals(name, bytes, { start, end })) return slot;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
  }

  #add(name: string): number {
    if (this.#size === this.#slots.length / 2) this.#makeRoom();
    this.#size += 1;
    return this.#put(name);
  }

  #makeRoom(): void {
    const names = this.#slots;
    const isFull = names.length === SLOTS_LIMIT;
    const slots = isFull ? FIRST_SLOTS : names.length * 2;
    this.#slots = emptySlots(slots);
    this.#followers = new Uint16Array(slots);
    this.#latest = 0;
    if (isFull) this.#size = 0;
    else for (const name of names) if (name !== undefined) this.#put(name);
  }

  /** Puts a name that is not there into the slot that it belongs to. */
  #put(name: string): number {
    let hash = FNV1A_BASIS;
    for (let at = 0; at < name.length; at++) hash = fnv1a(hash, name.charCodeAt(at));
    let slot = this.#firstSlot(hash);
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & (this.#slots.length - 1);
    this.#slots[slot] = name;
    return slot;
  }

  #firstSlot(hash: number): number {
    return (hash ^ (hash >>> 16)) & (this.#slots.length - 1);
  }
}

function fnv1a(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x0100_0193);
}

function emptySlots(count: number): (string | undefined)[] {
  return Array.from<string | undefined>({ length: count });
}

function equals(name: string, bytes: Buffer, range: { start: number; end: number }): boolean {
  const { start, end } = range;
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
