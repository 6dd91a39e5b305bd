import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** kvmeter's version, which package.json alone states. */
export const VERSION: string = manifest.version;
