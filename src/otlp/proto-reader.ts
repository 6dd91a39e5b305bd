/** One field of a protobuf message: its number and, by wire type, a whole number or bytes. */
export type ProtoField =
  | { readonly number: number; readonly kind: "varint"; readonly value: bigint }
  | { readonly number: number; readonly kind: "bytes"; readonly value: Uint8Array };

/**
 * The varint and length-delimited fields of a message, which is all that a backend's answers are made of;
 * fields of fixed width are passed over. What is malformed ends the list: everything before it counts.
 */
export function readFields(message: Uint8Array): ProtoField[] {
  const fields: ProtoField[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === undefined) break;
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    if (wireType === 0) {
      const value = varint();
      if (value === undefined) break;
      fields.push({ number, kind: "varint", value });
    } else if (wireType === 2) {
      const length = varint();
      if (length === undefined || length > BigInt(message.length - at)) break;
      const end = at + Number(length);
      fields.push({ number, kind: "bytes", value: message.subarray(at, end) });
      at = end;
    } else if (wireType === 1 || wireType === 5) {
      at += wireType === 1 ? 8 : 4;
    } else {
      break;
    }
  }
  return fields;
}

/** The last length-delimited field with this number: the one that counts where a field is not repeated. */
export function bytesField(fields: readonly ProtoField[], number: number): Uint8Array | undefined {
  const field = fields.findLast((each) => each.number === number && each.kind === "bytes");
  return field?.kind === "bytes" ? field.value : undefined;
}

/** The last varint with this number, as a signed number; 0, protobuf's default, without one. */
export function numberField(fields: readonly ProtoField[], number: number): number {
  const field = fields.findLast((each) => each.number === number && each.kind === "varint");
  return field?.kind === "varint" ? Number(BigInt.asIntN(64, field.value)) : 0;
}

/** A string field; empty, protobuf's default, without one. */
export function textField(fields: readonly ProtoField[], number: number): string {
  const bytes = bytesField(fields, number);
  return bytes === undefined
    ? ""
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
