import { readOwnFile } from "./own-files.ts";

const manifest = JSON.parse(readOwnFile("package.json")) as { readonly version: string };

/** kvmeter's version, which package.json alone states. */
export const VERSION: string = manifest.version;
