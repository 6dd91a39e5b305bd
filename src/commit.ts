import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getAsset, isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/**
 * The commit that this kvmeter was made of: what the build wrote down, or in development what git has checked out.
 * Undefined where neither is there, as in an archive of the sources.
 */
export function commit(): string | undefined {
  if (isSea()) return hashIn(getAsset("commit", "utf8"));
  const written = textOf(new URL("commit", import.meta.url));
  return hashIn(written) ?? checkedOut(fileURLToPath(new URL("..", import.meta.url)));
}

/**
 * The commit of a working tree, of git's own files: `.git` is a directory, or in a linked tree a file that names it;
 * HEAD is a commit or the name of a branch; a branch is a file or a line of packed-refs.
 * @see https://git-scm.com/docs/gitrepository-layout
 */
export function checkedOut(tree: string): string | undefined {
  const link = textOf(join(tree, ".git"));
  const own = link === undefined ? join(tree, ".git") : /^gitdir: (.+)$/m.exec(link)?.[1];
  if (own === undefined) return undefined;
  const head = textOf(join(own, "HEAD"))?.trim();
  const branch = head === undefined ? undefined : /^ref: (refs\/\S+)$/.exec(head)?.[1];
  if (branch === undefined) return hashIn(head);
  const common = join(own, textOf(join(own, "commondir"))?.trim() ?? ".");
  const packed = textOf(join(common, "packed-refs"))?.split("\n") ?? [];
  return hashIn(textOf(join(common, branch)) ?? packed.find((line) => line.endsWith(` ${branch}`)));
}

/** SHA-1 or SHA-256; `-dirty` says that the sources had changes that were in no commit. */
function hashIn(text: string | undefined): string | undefined {
  return /^[0-9a-f]{40,64}(?:-dirty)?(?=\s|$)/.exec(text ?? "")?.[0];
}

/** Undefined when there is no such file, or it is none. */
function textOf(path: string | URL): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
