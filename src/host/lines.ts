import type { HostReadContext } from "./host-reader.ts";
import { readKernelFile, readKernelFileSoon } from "./kernel-file.ts";

/** A file of lines, and how much of it is read. */
export interface LineFile {
  readonly path: string;
  readonly limitBytes: number;
  /** Nothing in it is nothing wrong: a machine without any of what it lists. */
  readonly mayBeEmpty?: boolean;
  /** The kernel may have to wait for something before it tells: nothing else here waits with it. */
  readonly mayWait?: boolean;
}

/** How much of a line an error shows. */
const SHOWN_CHARACTERS = 40;

/**
 * Hands every line of a file over, without its end. `take` answers what is wrong with the line, or undefined; only the
 * first fault of a file is told. A last line without an end was cut off and is not handed over.
 * @returns false when there is no such file
 */
export async function readLines(
  { path, limitBytes, mayBeEmpty = false, mayWait = false }: LineFile,
  { onFault }: Pick<HostReadContext, "onFault">,
  take: (line: string) => string | undefined,
): Promise<boolean> {
  const text = await (mayWait ? readKernelFile : readKernelFileSoon)(path, limitBytes);
  if (text === undefined) return false;
  if (text === "" && !mayBeEmpty) onFault({ file: path, line: undefined, what: "it is empty" });
  let isSound = true;
  let number = 1;
  let begin = 0;
  const complain = (what: string): void => {
    if (isSound) onFault({ file: path, line: number, what });
    isSound = false;
  };
  for (; begin < text.length; number += 1) {
    const end = text.indexOf("\n", begin);
    if (end < 0) {
      complain(text.length < limitBytes ? "it is cut off" : `the file goes on after ${limitBytes} bytes`);
      break;
    }
    const line = text.slice(begin, end);
    const problem = take(line);
    if (problem !== undefined) complain(`${problem}: ${shown(line)}`);
    begin = end + 1;
  }
  return true;
}

function shown(line: string): string {
  return JSON.stringify(line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line);
}
