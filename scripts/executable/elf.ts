/**
 * Gives an ELF executable one more note that is loaded with it, without a linker.
 *
 * The table of program headers sits between the file's header and what is mapped behind it, so it cannot grow where it
 * is. It moves to the end, into a segment of its own that also holds the note. Kernels before 5.18 compute the address of
 * the table from its offset as if the file were mapped in one piece; so the segment's offset and address are kept apart
 * by as much as the first segment's are.
 *
 * What no segment maps is left behind: symbols and debugging information, which are an eighth of Node's file, and with
 * them the table of sections, which only linkers and debuggers read.
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 */

const HEADER_BYTES = 64;
const ENTRY_BYTES = 56;
const LOAD = 1;
const NOTE = 4;
const PROGRAM_HEADERS = 6;
const READABLE = 4;

/** Of the largest pages that Linux has on x86-64 (4 KiB) and arm64 (64 KiB). */
const PAGE_BYTES = 0x1_0000;

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly alignment: number;
}

/**
 * The same executable with the note.
 * @param name of the note, by which the program finds it
 * @throws Error when it is no 64-bit little-endian ELF file with program headers of the usual size
 */
export function withNote(executable: Buffer, name: string, content: Uint8Array): Buffer {
  const segments = segmentsOf(executable);
  const loads = segments.filter(({ type }) => type === LOAD);
  const [first] = loads;
  if (first === undefined) throw new Error("Cannot add a note: the file has no segment that is loaded");
  const shift = first.address - first.offset;
  const mappedBytes = Math.max(...loads.map(({ offset, fileBytes }) => offset + fileBytes));
  const mappedEnd = Math.max(...loads.map(({ address, memoryBytes }) => address + memoryBytes));
  const offset = roundUp(Math.max(mappedBytes, mappedEnd - shift), PAGE_BYTES);
  const tableBytes = (segments.length + 2) * ENTRY_BYTES;
  const note = noteOf(name, content);
  const place = (at: number, bytes: number) => ({
    flags: READABLE,
    offset: at,
    address: at + shift,
    fileBytes: bytes,
    memoryBytes: bytes,
  });
  const itself = { type: PROGRAM_HEADERS, ...place(offset, tableBytes), alignment: 8 };
  const table = segments.map((segment) => (segment.type === PROGRAM_HEADERS ? itself : segment));
  // Segments that are loaded stand in the order of their addresses.
  const afterLoads = table.findLastIndex(({ type }) => type === LOAD) + 1;
  table.splice(
    afterLoads,
    0,
    { type: LOAD, ...place(offset, tableBytes + note.length), alignment: PAGE_BYTES },
    { type: NOTE, ...place(offset + tableBytes, note.length), alignment: 4 },
  );
  const result = Buffer.alloc(offset + tableBytes + note.length);
  executable.copy(result, 0, 0, mappedBytes);
  writeHeader(result, offset, table.length);
  table.forEach((segment, index) => writeSegment(result, offset + index * ENTRY_BYTES, segment));
  note.copy(result, offset + tableBytes);
  return result;
}

function segmentsOf(executable: Buffer): Segment[] {
  const magic = executable.subarray(0, 6).toString("latin1");
  if (magic !== "\x7fELF\x02\x01") throw new Error("Cannot add a note: not a 64-bit little-endian ELF file");
  const table = Number(executable.readBigUInt64LE(32));
  const entryBytes = executable.readUInt16LE(54);
  if (entryBytes !== ENTRY_BYTES)
    throw new Error(`Cannot add a note: program headers of ${entryBytes} bytes`);
  return Array.from({ length: executable.readUInt16LE(56) }, (_, index) => {
    const at = table + index * ENTRY_BYTES;
    const word = (field: number) => Number(executable.readBigUInt64LE(at + field));
    return {
      type: executable.readUInt32LE(at),
      flags: executable.readUInt32LE(at + 4),
      offset: word(8),
      address: word(16),
      fileBytes: word(32),
      memoryBytes: word(40),
      alignment: word(48),
    };
  });
}

function writeSegment(file: Buffer, at: number, segment: Segment): void {
  file.writeUInt32LE(segment.type, at);
  file.writeUInt32LE(segment.flags, at + 4);
  const { offset, address, fileBytes, memoryBytes, alignment } = segment;
  // The fourth is the physical address, which says nothing on Linux.
  [offset, address, address, fileBytes, memoryBytes, alignment].forEach((value, index) =>
    file.writeBigUInt64LE(BigInt(value), at + 8 + index * 8),
  );
}

/** Where the program headers are now, and that there are no sections. */
function writeHeader(file: Buffer, tableOffset: number, segments: number): void {
  if (file.length < HEADER_BYTES) throw new Error("Cannot add a note: the file ends in its header");
  file.writeBigUInt64LE(BigInt(tableOffset), 32);
  file.writeBigUInt64LE(0n, 40);
  file.writeUInt16LE(segments, 56);
  file.writeUInt16LE(0, 60);
  file.writeUInt16LE(0, 62);
}

/** Three words (bytes of the name, bytes of the content, type), and both, padded to words. */
function noteOf(name: string, content: Uint8Array): Buffer {
  const nameBytes = Buffer.from(`${name}\0`, "latin1");
  const contentAt = 12 + roundUp(nameBytes.length, 4);
  const note = Buffer.alloc(contentAt + roundUp(content.length, 4));
  note.writeUInt32LE(nameBytes.length, 0);
  note.writeUInt32LE(content.length, 4);
  nameBytes.copy(note, 12);
  note.set(content, contentAt);
  return note;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
