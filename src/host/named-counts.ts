import type { Integer } from "../integer.ts";
import type { HostReadContext } from "./host-reader.ts";
import { type LineFile, readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";

/** A file with a name and a number in each line: how a line is written, and which of them are wanted. */
export interface NamedCounts {
  /** Its first group is the name, its second the number. */
  readonly line: RegExp;
  /** What a line is that is not written so. */
  readonly otherwise: string;
  /** Fields by the names of their lines. Lines come and go with the kernel and its options. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The numbers of a file by their fields; undefined where there is no such file. */
export async function readNamedCounts(
  file: LineFile,
  context: Pick<HostReadContext, "onFault">,
  { line: written, otherwise, fields }: NamedCounts,
): Promise<Record<string, Integer> | undefined> {
  const values: Record<string, Integer> = {};
  const isThere = await readLines(file, context, (line) => {
    const [, name = "", number] = written.exec(line) ?? [];
    const value = parseCount(number);
    if (value === undefined) return otherwise;
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (known !== undefined) values[known] = value;
    return undefined;
  });
  return isThere ? values : undefined;
}
