import type { Arrivals, Change } from "./arrivals.ts";

/** How the demonstration shows what arrives: a table on a terminal, lines elsewhere. */
export interface DemoView {
  /** A cycle has arrived. */
  update(arrivals: Arrivals, changes: readonly Change[]): void;
  /** The agent has logged a line. */
  log(line: string): void;
  /** Leaves the output as it was found. May be called twice. */
  close(): void;
}

/** Time of day, for a line. */
export function clockTime(): string {
  return new Date().toTimeString().slice(0, 8);
}
