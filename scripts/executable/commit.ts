import { spawnSync } from "node:child_process";

import { root } from "./root.ts";

/**
 * The commit that is built, with `-dirty` where files differ from it. Undefined where there is no git or no repository:
 * what is built then names none.
 */
export function builtCommit(): string | undefined {
  const args = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"];
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
