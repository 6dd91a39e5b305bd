import { join, resolve } from "node:path";

const { KVMETER_EXECUTABLE: executable } = process.env;

/** How tests start kvmeter: its sources with this Node, or the executable that KVMETER_EXECUTABLE names. */
export const kvmeterCommand: readonly [program: string, ...args: string[]] =
  executable === undefined || executable === ""
    ? [process.execPath, join(import.meta.dirname, "../src/main.ts")]
    : [resolve(executable)];
