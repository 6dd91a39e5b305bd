import { type Codec, compress } from "../compression.ts";
import type { ExportRequest } from "../destination.ts";
import type { EncodedRequest } from "./contract.ts";

/** Compresses requests one after the other: the machine's processors are for its guests. */
export async function encodeRequests(
  requests: readonly ExportRequest[],
  codec: Codec,
): Promise<EncodedRequest[]> {
  const encoded: EncodedRequest[] = [];
  for (const { body: raw, pointCount, signal = "metrics" } of requests) {
    const body = ownBytes(await compress(raw, codec));
    encoded.push({ signal, pointCount, codec, rawBytes: raw.length, storedBytes: body.length, body });
  }
  return encoded;
}

/** In memory of their own: what zlib makes of little is the beginning of a chunk of 64 KiB, all of which would be kept. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}
