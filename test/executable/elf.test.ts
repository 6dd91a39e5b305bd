import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { withNote } from "../../scripts/executable/elf.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-elf-"));
after(() => rmSync(directory, { recursive: true }));

/** A program of this machine: loaded at no fixed address, as most are; Node itself is the other kind. */
const program = readFileSync("/bin/cat");
const content = Buffer.from("what the note says");

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** The table as the format's document has it, read without the code under test. */
function programHeaders(file: Buffer): ProgramHeader[] {
  const table = Number(file.readBigUInt64LE(0x20));
  return Array.from({ length: file.readUInt16LE(0x38) }, (_, index) => {
    const at = table + index * file.readUInt16LE(0x36);
    const [offset = 0, address = 0, bytes = 0] = [8, 16, 32].map((field) =>
      Number(file.readBigUInt64LE(at + field)),
    );
    return { type: file.readUInt32LE(at), offset, address, bytes };
  });
}

const [LOAD, NOTE, TABLE] = [1, 4, 6];

test("the program runs as before, and has one more note that is loaded", () => {
  const file = join(directory, "cat");
  const changed = withNote(program, "OF_A_TEST", content);
  writeFileSync(file, changed, { mode: 0o755 });
  const { status, stdout } = spawnSync(file, ["/proc/self/comm"], { encoding: "utf8" });
  assert.deepEqual([status, stdout], [0, "cat\n"]);

  const [before, after] = [programHeaders(program), programHeaders(changed)];
  const notes = after.filter(({ type }) => type === NOTE);
  assert.equal(notes.length, before.filter(({ type }) => type === NOTE).length + 1);
  const mine = notes.find(({ offset, bytes }) =>
    changed.subarray(offset, offset + bytes).includes("OF_A_TEST"),
  );
  assert.ok(mine);
  const note = changed.subarray(mine.offset, mine.offset + mine.bytes);
  assert.deepEqual([note.readUInt32LE(0), note.readUInt32LE(4)], ["OF_A_TEST\0".length, content.length]);
  assert.equal(note.subarray(12, 21).toString(), "OF_A_TEST");
  assert.deepEqual(note.subarray(24, 24 + content.length), content);
  const loads = after.filter(({ type }) => type === LOAD);
  const last = loads.at(-1);
  assert.ok(last && last.offset <= mine.offset && last.offset + last.bytes >= mine.offset + mine.bytes);
  assert.equal(last.address - last.offset, (loads[0]?.address ?? 0) - (loads[0]?.offset ?? 0));
  assert.deepEqual(
    loads.map(({ address }) => address),
    loads.map(({ address }) => address).toSorted((a, b) => a - b),
  );
});

test("the table of program headers is where it says, within what is loaded", () => {
  const changed = withNote(program, "OF_A_TEST", content);
  const headers = programHeaders(changed);
  const table = headers.find(({ type }) => type === TABLE);
  assert.equal(table?.offset, Number(changed.readBigUInt64LE(0x20)));
  assert.ok(headers.some(({ type, offset }) => type === LOAD && offset === table?.offset));
});

test("equal input gives equal bytes, and symbols are left behind", () => {
  const first = withNote(program, "OF_A_TEST", content);
  assert.ok(first.equals(withNote(program, "OF_A_TEST", content)));
  // e_shoff, e_shnum
  assert.deepEqual([first.readBigUInt64LE(0x28), first.readUInt16LE(0x3c)], [0n, 0]);
});

test("what is no 64-bit ELF file is refused", () => {
  assert.throws(() => withNote(Buffer.from("#!/bin/sh\n"), "N", content), /not a 64-bit little-endian ELF/);
  const small = Buffer.from(program);
  small.writeUInt8(1, 4);
  assert.throws(() => withNote(small, "N", content), /not a 64-bit little-endian ELF/);
});
