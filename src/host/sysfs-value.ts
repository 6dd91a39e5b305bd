import { readdirSync } from "node:fs";

import type { Integer } from "../integer.ts";
import type { HostReadContext } from "./host-reader.ts";
import { isAbsence, readKernelFile, readKernelFileNow } from "./kernel-file.ts";
import { parseCount } from "./numbers.ts";

/** sysfs gives one value a file. */
const LIMIT_BYTES = 4096;
/** Names in a folder that are looked at. The largest machines have some thousand CPUs and disks. */
const ENTRY_LIMIT = 16_384;

/** The text of a file of sysfs, at once, without its last line end; undefined where there is none. */
export function readValue(path: string): string | undefined {
  return readKernelFileNow(path, LIMIT_BYTES)?.trimEnd();
}

/** The whole number in a file of sysfs, at once; undefined where there is none, and the fault is told where it is no number. */
export function readCount(
  path: string,
  context: Pick<HostReadContext, "onFault">,
  parse?: (text: string) => Integer | undefined,
): Integer | undefined {
  return countIn({ path, text: readValue(path) }, context, parse);
}

/** As {@link readCount}, of what the kernel may have to wait for: a device, another CPU. */
export async function readSlowCount(
  path: string,
  context: Pick<HostReadContext, "onFault">,
): Promise<Integer | undefined> {
  return countIn({ path, text: (await readKernelFile(path, LIMIT_BYTES))?.trimEnd() }, context);
}

function countIn(
  { path, text }: { readonly path: string; readonly text: string | undefined },
  { onFault }: Pick<HostReadContext, "onFault">,
  parse: (text: string) => Integer | undefined = parseCount,
): Integer | undefined {
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined)
    onFault({ file: path, line: 1, what: `not a number: ${JSON.stringify(text.slice(0, 40))}` });
  return value;
}

/** The names in a folder, at once; undefined where there is none or it may not be read. */
export function listEntries(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path).slice(0, ENTRY_LIMIT);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** The numbers of a folder's entries that are called so and a number, at once: 0, 1 of node0 and node1. Ascending. */
export function listNumbered(path: string, prefix: string): readonly number[] | undefined {
  return listEntries(path)
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
