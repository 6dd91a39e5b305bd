import { type Part, whyNot } from "./parts.ts";

/** For a test's `skip`: why these parts cannot be used on this machine, or false when they can. */
export async function skipWithout(...parts: Part[]): Promise<string | false> {
  const reasons = await Promise.all(parts.map(whyNot));
  return reasons.find((reason) => reason !== undefined) ?? false;
}
