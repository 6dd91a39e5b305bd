import { KvmeterError } from "../errors.ts";

/** REMOTE_PROGRAM in remote_protocol.x: everything that hypervisors can do. */
export const REMOTE_PROGRAM = 0x2000_8086;
/** KEEPALIVE_PROGRAM in virkeepaliveprotocol.x. */
export const KEEPALIVE_PROGRAM = 0x6b65_6570;
/** Both programs have had this version from the beginning. */
export const PROGRAM_VERSION = 1;

/** enum virNetMessageType in virnetprotocol.x. */
export const MessageType = {
  call: 0,
  reply: 1,
  event: 2,
  stream: 3,
  callWithFds: 4,
  replyWithFds: 5,
  streamHole: 6,
} as const;

/** enum virNetMessageStatus in virnetprotocol.x. */
export const MessageStatus = { ok: 0, error: 1, continue: 2 } as const;

/** The length word and the six words of virNetMessageHeader. */
export const FRAME_HEADER_BYTES = 28;
/** VIR_NET_MESSAGE_MAX and the length word: the greatest length that a peer of libvirt may send. */
export const FRAME_LIMIT_BYTES = 33_554_432 + 4;

const LENGTH_BYTES = 4;
const FIRST_CAPACITY_BYTES = 65_536;
/** What has arrived earns a length word so many times the room: steep, because every step is a copy and garbage. */
const GROWTH = 16;

/** virNetMessageHeader. Numbers are as they came: what they may be is the connection's matter. */
export interface FrameHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  /** One of {@link MessageType}. */
  readonly type: number;
  /** Ties a reply to its call. 0 in events and keepalive. */
  readonly serial: number;
  /** One of {@link MessageStatus}. */
  readonly status: number;
}

/** One message of the RPC protocol. */
export interface Frame extends FrameHeader {
  /** What follows the header; a view, so copy what must outlive the handling of the frame. */
  readonly payload: Buffer;
}

/**
 * Cuts a stream of bytes into frames, however the bytes were chunked. A frame that lies within one chunk is a view
 * into it; one that does not is copied once into a buffer that grows with what has really arrived, so that a length
 * word alone cannot make it allocate.
 */
export class FrameSplitter {
  readonly #limitBytes: number;
  #partial = Buffer.alloc(0);
  #filled = 0;

  constructor(limitBytes: number = FRAME_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /**
   * The frames that `chunk` completes, in order.
   * @throws KvmeterError LIBVIRT_PROTOCOL when a length cannot be one; the stream has then lost its place for good.
   */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#filled === 0 && chunk.length - at >= LENGTH_BYTES) {
        const length = this.#lengthAt(chunk, at);
        if (length <= chunk.length - at) {
          frames.push(frameOf(chunk.subarray(at, at + length)));
          at += length;
          continue;
        }
      }
      at = this.#collect(chunk, at);
      if (this.#filled >= LENGTH_BYTES && this.#filled === this.#lengthAt(this.#partial, 0)) {
        frames.push(frameOf(this.#partial.subarray(0, this.#filled)));
        this.#partial = Buffer.alloc(0);
        this.#filled = 0;
      }
    }
    return frames;
  }

  /** Moves what belongs to the partial frame out of `chunk` and returns where it stopped. */
  #collect(chunk: Buffer, start: number): number {
    const target = this.#filled < LENGTH_BYTES ? LENGTH_BYTES : this.#lengthAt(this.#partial, 0);
    const end = Math.min(chunk.length, start + target - this.#filled);
    const filled = this.#filled + end - start;
    if (filled > this.#partial.length) {
      const earned = Math.max(FIRST_CAPACITY_BYTES, this.#partial.length * GROWTH);
      const grown = Buffer.allocUnsafeSlow(Math.max(filled, Math.min(target, earned)));
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#filled, start, end);
    this.#filled = filled;
    return end;
  }

  #lengthAt(buffer: Buffer, at: number): number {
    const length = buffer.readUInt32BE(at);
    if (length < FRAME_HEADER_BYTES || length > this.#limitBytes) {
      throw new KvmeterError(
        "LIBVIRT_PROTOCOL",
        `Cannot read a message of the daemon: its length must be ${FRAME_HEADER_BYTES} to ${this.#limitBytes} bytes, current value is ${length}`,
      );
    }
    return length;
  }
}

/** The bytes of one frame, its length word included. */
export function encodeFrame(header: FrameHeader, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.set(payload, FRAME_HEADER_BYTES);
  writeFrameHeader(frame, header);
  return frame;
}

/** Writes the length word and the header of a frame that is all there but for them. */
export function writeFrameHeader(frame: Buffer, header: FrameHeader): void {
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(header.program, 4);
  frame.writeUInt32BE(header.version, 8);
  frame.writeInt32BE(header.procedure, 12);
  frame.writeInt32BE(header.type, 16);
  frame.writeUInt32BE(header.serial, 20);
  frame.writeInt32BE(header.status, 24);
}

function frameOf(bytes: Buffer): Frame {
  return {
    program: bytes.readUInt32BE(4),
    version: bytes.readUInt32BE(8),
    procedure: bytes.readInt32BE(12),
    type: bytes.readInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readInt32BE(24),
    payload: bytes.subarray(FRAME_HEADER_BYTES),
  };
}
