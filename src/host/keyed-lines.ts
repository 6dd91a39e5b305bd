/**
 * Files of lines that each begin with a name, from which a few are wanted. The kernel's flat keyed format (cpu.stat,
 * memory.stat, memory.events) is one of them, and so are the status and the io of a process.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#format
 *
 *     usage_usec 255988
 *     user_usec 83963
 *
 * Thousands of such files are read in a cycle: so what is wanted is looked for, and nothing else is taken apart.
 */
import type { Integer } from "../integer.ts";
import { parseCount } from "./numbers.ts";

const LINE_FEED = 10;

/**
 * What stands behind a name that a line begins with, up to the end of the line. The name has with it what parts it from
 * its value: `usage_usec `. Undefined where there is no such line, or it was cut off: a whole one has a line feed.
 */
export function lineAfter(text: string, name: string): string | undefined {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (at > 0 && text.charCodeAt(at - 1) !== LINE_FEED) continue;
    const end = text.indexOf("\n", at);
    return end < 0 ? undefined : text.slice(at + name.length, end);
  }
  return undefined;
}

/** The number that stands there; undefined where it is none. */
export function countAfter(text: string, name: string): Integer | undefined {
  return parseCount(lineAfter(text, name));
}
