import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { withNote } from "./elf.ts";

/** What Node looks for in its own file, and the byte behind it that says whether there is an application. */
const FUSE = Buffer.from("NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0");
const NOTE_NAME = "NODE_SEA_BLOB";

export interface Application {
  readonly script: string;
  /** Files that the script reads with `getAsset`, by the name that it reads them by. */
  readonly assets: Readonly<Record<string, string>>;
  /**
   * Whether it carries what V8 compiled of the script, which saves a tenth of the start. Only Node of the architecture
   * that it is meant for can make it; this Node is asked.
   */
  readonly codeCache: boolean;
}

/**
 * Node with an application inside.
 * @param node the program, of the very release that runs this
 * @throws Error when Node cannot prepare the application, or is not made for one
 * @see https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
 */
export function singleExecutable(node: Buffer, application: Application): Buffer {
  const at = node.indexOf(FUSE);
  if (at === -1 || node.indexOf(FUSE, at + 1) !== -1) {
    throw new Error("Cannot put an application into Node: it does not have the one place that says so");
  }
  const lit = Buffer.from(node);
  lit.write("1", at + FUSE.length - 1, "latin1");
  return withNote(lit, NOTE_NAME, prepared(application));
}

/** Equal applications give equal bytes: V8's random numbers are none, and no path of this machine is in them. */
function prepared({ script, assets, codeCache }: Application): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-executable-"));
  try {
    writeFileSync(join(folder, "kvmeter.cjs"), script);
    const names = Object.keys(assets).map((name, index) => [name, `asset-${index}`] as const);
    for (const [name, file] of names) writeFileSync(join(folder, file), assets[name] ?? "");
    const settings = {
      main: "kvmeter.cjs",
      output: "blob",
      disableExperimentalSEAWarning: true,
      useCodeCache: codeCache,
      assets: Object.fromEntries(names),
    };
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--random-seed=1", "--experimental-sea-config", "settings.json"],
      { cwd: folder, encoding: "utf8", env: {} },
    );
    if (status !== 0) throw new Error(`Cannot prepare the application: ${stderr}`);
    return readFileSync(join(folder, "blob"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
