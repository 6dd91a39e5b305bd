/**
 * The decoder that one writes first: every name a new string, every 64-bit number a BigInt, every domain a Map. It is
 * what the agent's decoder is compared with.
 */
export function decodeNaively(reply: Buffer): Map<string, Map<string, unknown>> {
  let at = 0;
  const u32 = (): number => {
    const value = reply.readUInt32BE(at);
    at += 4;
    return value;
  };
  const string = (): string => {
    const length = u32();
    const value = reply.toString("utf8", at, at + length);
    at += Math.ceil(length / 4) * 4;
    return value;
  };
  const value = (): unknown => {
    const type = u32();
    if (type === 7) return string();
    const wide = type === 3 || type === 4 || type === 5;
    at += wide ? 8 : 4;
    if (type === 3) return reply.readBigInt64BE(at - 8);
    if (type === 4) return reply.readBigUInt64BE(at - 8);
    if (type === 5) return reply.readDoubleBE(at - 8);
    return type === 2 ? reply.readUInt32BE(at - 4) : reply.readInt32BE(at - 4);
  };
  const domains = new Map<string, Map<string, unknown>>();
  for (let left = u32(); left > 0; left -= 1) {
    string();
    const uuid = reply.toString("hex", at, at + 16);
    at += 20;
    const parameters = new Map<string, unknown>();
    for (let count = u32(); count > 0; count -= 1) parameters.set(string(), value());
    domains.set(uuid, parameters);
  }
  return domains;
}
