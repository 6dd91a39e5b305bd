import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "./root.ts";
import type { LockedPackage } from "./sbom.ts";

export interface LicensedContent {
  readonly packages: readonly string[];
  readonly locked: Readonly<Record<string, LockedPackage>>;
  readonly nodeVersion: string;
}

/** The licences of everything in the executable: they want to go with it. */
export function licensesText({ packages, locked, nodeVersion }: LicensedContent): string {
  const parts = packages.map((folder) => {
    const { version = "", license = "see below" } = locked[folder] ?? {};
    const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
    const [file] = globSync("{LICENSE,LICENCE,license}*", { cwd: join(root, folder) }).toSorted();
    const text = file === undefined ? "" : `\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`;
    return `${name} ${version}, ${license}\n${text}`;
  });
  const own = readFileSync(join(root, "LICENSE"), "utf8").trim();
  return [
    `kvmeter, Apache-2.0\n\n${own}\n`,
    `Node.js ${nodeVersion}, MIT. Its licence and those of the libraries in it:\n` +
      `https://github.com/nodejs/node/blob/v${nodeVersion}/LICENSE\n`,
    ...parts,
  ].join(`\n${"-".repeat(80)}\n\n`);
}
