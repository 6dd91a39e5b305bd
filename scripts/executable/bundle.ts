import { join } from "node:path";

import { build } from "esbuild";

import { root } from "./root.ts";

/** Everything that runs, as one script. */
export interface Bundle {
  readonly script: string;
  /** The packages whose code is in it, by their folder under the repository's root. */
  readonly packages: readonly string[];
}

/**
 * Bundles src/main.ts with all that it imports. What is imported only when it is needed is also only evaluated then.
 * @throws Error when esbuild has anything to complain of
 */
export async function bundleMain(): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, "src/main.ts")],
    bundle: true,
    // A single executable's script is no module.
    format: "cjs",
    platform: "node",
    target: "node24",
    // Names stay, since they are in the traces of errors.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: false,
    legalComments: "none",
    metafile: true,
    write: false,
    outfile: "kvmeter.cjs",
    // The only uses of import.meta are on the other side of isSea().
    logOverride: { "empty-import-meta": "silent" },
    logLevel: "silent",
  });
  const [output] = outputFiles;
  if (warnings.length > 0 || output === undefined) {
    throw new Error(`Cannot bundle: ${warnings.map(({ text }) => text).join("; ")}`);
  }
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return { script: output.text, packages: packagesOf(inputs) };
}

/** `node_modules/@grpc/grpc-js/build/src/x.js` is of the package `node_modules/@grpc/grpc-js`. */
export function packagesOf(files: readonly string[]): string[] {
  const folders = files.flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [],
  );
  return [...new Set(folders)].toSorted();
}
