import { FRAME_HEADER_BYTES } from "../libvirt/framing.ts";
import type { ReplyDamage } from "./faults.ts";
import { Random } from "./random.ts";

const OVERSIZE_BYTES = 0x7fff_fff0;
const IMPOSSIBLE_COUNT = 0xffff_ffff;

/** What each damage leaves of a reply's frame. */
export const DAMAGES: Readonly<Record<ReplyDamage, (frame: Buffer) => Buffer>> = {
  cut: (frame) => frame.subarray(0, Math.floor(frame.length / 2)),
  garbage(frame) {
    const garbage = new Random(frame.length).bytes(frame.length);
    // A length that could be one would leave the reader waiting, which is another fault.
    garbage.writeUInt8(garbage.readUInt8(0) | 0x80, 0);
    return garbage;
  },
  oversize(frame) {
    const oversize = Buffer.from(frame);
    oversize.writeUInt32BE(OVERSIZE_BYTES, 0);
    return oversize;
  },
  malformed(frame) {
    const kept = Math.floor((frame.length - FRAME_HEADER_BYTES) / 2);
    const malformed = Buffer.alloc(FRAME_HEADER_BYTES + 4 + kept);
    frame.copy(malformed, 0, 0, FRAME_HEADER_BYTES);
    malformed.writeUInt32BE(malformed.length, 0);
    malformed.writeUInt32BE(IMPOSSIBLE_COUNT, FRAME_HEADER_BYTES);
    frame.copy(malformed, FRAME_HEADER_BYTES + 4, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + kept);
    return malformed;
  },
};
