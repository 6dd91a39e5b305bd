import { readdir } from "node:fs/promises";

import type { Integer } from "../integer.ts";
import type { HostReadContext } from "./host-reader.ts";
import { isAbsence, readKernelFile } from "./kernel-file.ts";
import { parseCount } from "./numbers.ts";

/** sysfs gives one value a file. */
const LIMIT_BYTES = 4096;
/** Names in a folder that are looked at. The largest machines have some thousand CPUs and disks. */
const ENTRY_LIMIT = 16_384;

/** The text of a file of sysfs, without its last line end; undefined where there is none. */
export async function readValue(path: string): Promise<string | undefined> {
  return (await readKernelFile(path, LIMIT_BYTES))?.trimEnd();
}

/** The whole number in a file of sysfs; undefined where there is none, and the fault is told where it is no number. */
export async function readCount(
  path: string,
  { onFault }: Pick<HostReadContext, "onFault">,
  parse: (text: string) => Integer | undefined = parseCount,
): Promise<Integer | undefined> {
  const text = await readValue(path);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined)
    onFault({ file: path, line: 1, what: `not a number: ${JSON.stringify(text.slice(0, 40))}` });
  return value;
}

/** The names in a folder, or undefined where there is none or it may not be read. */
export async function listEntries(path: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(path)).slice(0, ENTRY_LIMIT);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** The numbers of a folder's entries that are called so and a number: 0, 1 of node0 and node1. Ascending. */
export async function listNumbered(path: string, prefix: string): Promise<readonly number[] | undefined> {
  const names = await listEntries(path);
  return names
    ?.filter((name) => name.startsWith(prefix) && /^\d{1,6}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .toSorted((a, b) => a - b);
}

/** Acts on one after the other, some at once: enough to be quick, few enough to leave threads to others. */
export async function forEachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await act(item);
  };
  await Promise.all([work(), work()]);
}
