import type { Integer } from "../integer.ts";

/** Where the kernel's file systems are mounted. */
export interface HostRoots {
  /** /proc, or where a container sees the host's. */
  readonly procfs: string;
  /** /sys, likewise. */
  readonly sysfs: string;
}

/** One field: where the kernel has it, and what it counts in. */
export interface HostField<Unit extends string = string> {
  readonly pattern: string;
  readonly unit: Unit;
}

/** The fields that describe one kind of thing. */
export interface HostScope {
  /** The reader's name: what one reader reads shares one time. */
  readonly group: string;
  /** Its counters count from boot; one that goes down a little was told too early by the kernel, and was not set back. */
  readonly isSteady?: boolean;
  readonly fields: Readonly<Record<string, HostField>>;
}

/** One CPU, disk, interface …, told apart from its like by its path: [3] of CPU 3, ["vda"] of a disk. */
export interface HostItem {
  readonly path: readonly (number | string)[];
  readonly parent: undefined;
  /** By the scope's fields. What the kernel does not tell is undefined, never 0. */
  readonly values: Readonly<Record<string, Integer | undefined>>;
}

/** What a reader read, by scope. */
export type HostItems = Readonly<Record<string, readonly HostItem[]>>;

/** What a reader works with. */
export interface HostReadContext extends HostRoots {
  /** Is told of what is not as the kernel writes it: the file, the line from 1 on where one is at fault, and why. */
  readonly onFault: (fault: HostFault) => void;
}

/** Something in a kernel's file that cannot be understood. All the rest of the file is read. */
export interface HostFault {
  readonly file: string;
  readonly line: number | undefined;
  readonly what: string;
}

/** Reads one of the kernel's files, or a folder of files that belong together. */
export interface HostReader {
  /** The name in the configuration. */
  readonly name: string;
  /** What it reads, under the roots: `{procfs}/stat`. The log names it where it is missing. */
  readonly file: string;
  /** Why a healthy machine may not have the file, for whom it misses it. */
  readonly needs: string;
  /** How often it is read when nothing else is said; at every cycle unless given. */
  readonly intervalMs?: number;
  readonly scopes: Readonly<Record<string, HostScope>>;
  /** Undefined where there is nothing to read. Rejects where reading itself fails. */
  read(context: HostReadContext): Promise<HostItems | undefined>;
}

/** A field's place in the kernel's files and its unit. */
export const field = <const Unit extends string>(pattern: string, unit: Unit): HostField<Unit> => ({
  pattern,
  unit,
});

/** An item of a scope. */
export function item(path: HostItem["path"], values: HostItem["values"]): HostItem {
  return { path, parent: undefined, values };
}
