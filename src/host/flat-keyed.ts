/**
 * The kernel's flat keyed format, a name and a number in each line: cpu.stat, memory.stat, memory.events.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#format
 *
 *     usage_usec 255988
 *     user_usec 83963
 */
import type { Integer } from "../integer.ts";
import { parseCount } from "./numbers.ts";

/** The numbers by their names. A line of any other form is left out, and so is one that was cut off. */
export function parseFlatKeyed(text: string): ReadonlyMap<string, Integer> {
  const values = new Map<string, Integer>();
  const lines = text.split("\n");
  // Every line is closed by a line feed: what stands behind the last one is a part of one.
  lines.pop();
  for (const line of lines) {
    const space = line.indexOf(" ");
    const value = parseCount(line.slice(space + 1));
    if (space > 0 && value !== undefined) values.set(line.slice(0, space), value);
  }
  return values;
}
