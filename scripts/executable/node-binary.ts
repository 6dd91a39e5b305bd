import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { root } from "./root.ts";

/** As Node calls them. */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** SHA-256 of the file bin/node of the release for Linux that package.json names, for each architecture. */
export const NODE_SHA256: Readonly<Record<Architecture, string>> = {
  x64: "7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c",
  arm64: "0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584",
};

const CACHE = join(root, "node_modules/.cache/kvmeter");

/**
 * Node for an architecture: the one that `npm ci` has brought, or else of the registry's package for the architecture,
 * which is kept.
 * @throws Error when it is not the very file that was expected
 */
export function nodeBinary(architecture: Architecture, version: string): Buffer {
  const own = join(root, "node_modules/node/bin/node");
  const kept = join(CACHE, `node-${version}-linux-${architecture}`);
  const candidate = architecture === process.arch && existsSync(own) ? own : kept;
  if (!existsSync(candidate)) fetchNode(architecture, version, kept);
  return checked(readFileSync(candidate), architecture);
}

function checked(binary: Buffer, architecture: Architecture): Buffer {
  const sha256 = createHash("sha256").update(binary).digest("hex");
  const wanted = NODE_SHA256[architecture];
  if (sha256 === wanted) return binary;
  throw new Error(`Cannot use Node for ${architecture}: its SHA-256 is ${sha256}, and must be ${wanted}`);
}

function fetchNode(architecture: Architecture, version: string, to: string): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "fetch-"));
  try {
    const packed = run("npm", ["pack", "--silent", `node-linux-${architecture}@${version}`], folder).trim();
    run("tar", ["-xzf", packed, "package/bin/node"], folder);
    checked(readFileSync(join(folder, "package/bin/node")), architecture);
    renameSync(join(folder, "package/bin/node"), to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`Cannot run ${command} ${args.join(" ")}`, { cause: error });
  return stdout;
}
