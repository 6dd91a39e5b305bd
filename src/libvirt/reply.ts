import { KvmeterError, messageOf } from "../errors.ts";
import { LibvirtError, readLibvirtError } from "./errors.ts";
import { type Frame, MessageStatus } from "./framing.ts";
import type { Procedure } from "./procedure.ts";
import { XdrReader } from "./xdr-reader.ts";

/**
 * The result of a call from the frame that answers it. A byte too many is as wrong as one too few.
 * @throws LibvirtError when the answer is an error; KvmeterError LIBVIRT_PROTOCOL when it cannot be decoded
 */
export function decodeReply<Result>(
  procedure: Pick<Procedure<never, Result>, "name" | "decode">,
  frame: Frame,
): Result {
  const reader = new XdrReader(frame.payload);
  if (frame.status === MessageStatus.error) {
    throw new LibvirtError(procedure.name, decodeWhole(procedure.name, reader, readLibvirtError));
  }
  return decodeWhole(procedure.name, reader, () => {
    if (frame.status !== MessageStatus.ok) {
      reader.fail(`the status must be 0 or 1, current value is ${frame.status}`);
    }
    return procedure.decode(reader);
  });
}

function decodeWhole<T>(name: string, reader: XdrReader, decode: (reader: XdrReader) => T): T {
  try {
    const value = decode(reader);
    reader.expectEnd();
    return value;
  } catch (cause) {
    throw new KvmeterError("LIBVIRT_PROTOCOL", `Cannot run ${name}: ${messageOf(cause)}`, { cause });
  }
}
