import type { Output } from "./command.ts";

/** How large the terminal is; undefined where nobody has told it, which a serial console says as 0 by 0. */
export function terminalSize({ columns = 0, rows = 0 }: Output): {
  readonly columns: number | undefined;
  readonly rows: number | undefined;
} {
  return { columns: columns > 0 ? columns : undefined, rows: rows > 0 ? rows : undefined };
}
