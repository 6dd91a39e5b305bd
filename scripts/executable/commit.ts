import { spawnSync } from "node:child_process";

import { root } from "./root.ts";

/**
 * The commit that is built, with `-dirty` where files differ from it. Undefined where there is no git or no repository:
 * what is built then names none.
 */
export function builtCommit(): string | undefined {
  return git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*");
}

/** When that commit was made, in seconds since 1970: what is built from it has this time, not the build's. */
export function commitTimeS(): number | undefined {
  const time = git("log", "-1", "--format=%ct");
  return time === undefined ? undefined : Number(time);
}

function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
