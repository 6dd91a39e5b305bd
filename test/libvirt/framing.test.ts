import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import {
  encodeFrame,
  type Frame,
  FrameSplitter,
  type FrameHeader,
  KEEPALIVE_PROGRAM,
  MessageStatus,
  MessageType,
  PROGRAM_VERSION,
  REMOTE_PROGRAM,
} from "../../src/libvirt/framing.ts";

const reply: FrameHeader = {
  program: REMOTE_PROGRAM,
  version: PROGRAM_VERSION,
  procedure: 273,
  type: MessageType.reply,
  serial: 0xffff_fffe,
  status: MessageStatus.ok,
};
const ping: FrameHeader = { ...reply, program: KEEPALIVE_PROGRAM, procedure: 1, type: 2, serial: 0 };

const plain = (frames: Frame[]) => frames.map((frame) => ({ ...frame, payload: [...frame.payload] }));

describe("encodeFrame", () => {
  test("writes the length and six words, big endian, before the payload", () => {
    const bytes = encodeFrame({ ...reply, procedure: -2 }, Buffer.from("abcd"));
    assert.equal(
      bytes.toString("hex"),
      "00000020 20008086 00000001 fffffffe 00000001 fffffffe 00000000 61626364".replaceAll(" ", ""),
    );
  });
});

describe("FrameSplitter", () => {
  const stream = Buffer.concat([
    encodeFrame(reply, Buffer.from("first payload...")),
    encodeFrame(ping),
    encodeFrame({ ...reply, serial: 7, status: MessageStatus.error }, Buffer.from("2nd.")),
  ]);
  const expected = [
    { ...reply, payload: [...Buffer.from("first payload...")] },
    { ...ping, payload: [] },
    { ...reply, serial: 7, status: 1, payload: [...Buffer.from("2nd.")] },
  ];

  test("gives the same frames at every pair of split offsets", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const splitter = new FrameSplitter();
        const frames = [
          ...splitter.push(stream.subarray(0, first)),
          ...splitter.push(stream.subarray(first, second)),
          ...splitter.push(stream.subarray(second)),
        ];
        assert.deepEqual(plain(frames), expected, `split at ${first} and ${second}`);
        assert.equal(splitter.pendingBytes, 0);
      }
    }
  });

  test("gives the same frames byte by byte, each as soon as it is complete", () => {
    const splitter = new FrameSplitter();
    const completedAt: number[] = [];
    const frames: Frame[] = [];
    for (const [index, byte] of stream.entries()) {
      const found = splitter.push(Buffer.of(byte));
      if (found.length > 0) completedAt.push(index + 1);
      frames.push(...found);
    }
    assert.deepEqual(plain(frames), expected);
    assert.deepEqual(completedAt, [44, 72, 104]);
  });

  test("gives back whatever was encoded, in any chunks", () => {
    const word = fc.nat({ max: 0xffff_ffff });
    const int = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    const frame = fc.record({
      program: word,
      version: word,
      procedure: int,
      type: int,
      serial: word,
      status: int,
      payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 90 })),
        (sent, cuts) => {
          const bytes = Buffer.concat(sent.map((one) => encodeFrame(one, one.payload)));
          const splitter = new FrameSplitter();
          const got: Frame[] = [];
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            got.push(...splitter.push(bytes.subarray(at, at + cut)));
            at += cut;
          }
          assert.deepEqual(plain(got), plain(sent));
        },
      ),
      { numRuns: 300 },
    );
  });

  for (const length of [0, 4, 24, 27, 33_554_437, 0xffff_ffff]) {
    test(`refuses a length of ${length} and names it, whole or byte by byte`, () => {
      const bytes = encodeFrame(reply);
      bytes.writeUInt32BE(length, 0);
      const refusal = { code: "LIBVIRT_PROTOCOL", message: new RegExp(`current value is ${length}$`) };
      assert.throws(() => new FrameSplitter().push(bytes), refusal);
      assert.throws(() => {
        const splitter = new FrameSplitter();
        for (const byte of bytes) splitter.push(Buffer.of(byte));
      }, refusal);
    });
  }

  test("takes a lower limit", () => {
    const splitter = new FrameSplitter(40);
    assert.equal(splitter.push(encodeFrame(reply, Buffer.alloc(12))).length, 1);
    assert.throws(
      () => splitter.push(encodeFrame(reply, Buffer.alloc(16))),
      /28 to 40 bytes, current value is 44/,
    );
  });

  test("does not allocate for a length before its bytes arrive", () => {
    const header = encodeFrame(reply);
    header.writeUInt32BE(33_554_432, 0);
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 20 }, () => {
      const splitter = new FrameSplitter();
      splitter.push(header);
      return splitter;
    });
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 4_000_000, `${grown} bytes for ${splitters.length} headers`);
  });

  test("copies a 32 MiB frame in 64 KiB chunks in linear time", () => {
    const payload = Buffer.alloc(33_554_432 - 24, 0x5a);
    const bytes = encodeFrame(reply, payload);
    const splitter = new FrameSplitter();
    const started = process.cpuUsage();
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length; at += 65_536)
      frames.push(...splitter.push(bytes.subarray(at, at + 65_536)));
    const spent = process.cpuUsage(started);
    assert.equal(frames.length, 1);
    assert.ok(frames[0]!.payload.equals(payload));
    const spentMs = (spent.user + spent.system) / 1000;
    assert.ok(spentMs < 1000, `${spentMs} ms: copying the whole at each chunk takes several seconds`);
  });
});
