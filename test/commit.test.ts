import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { checkedOut } from "../src/commit.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-commit-"));
after(() => rmSync(directory, { recursive: true }));

const HASH = "0123456789abcdef0123456789abcdef01234567";

/** A working tree with these files in its .git. */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(directory, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(path, ".git", file, ".."), { recursive: true });
    writeFileSync(join(path, ".git", file), text);
  }
  return path;
}

test("a commit that is checked out by itself, of a branch, of a packed branch", () => {
  assert.equal(checkedOut(tree("detached", { HEAD: `${HASH}\n` })), HASH);
  const head = { HEAD: "ref: refs/heads/main\n" };
  assert.equal(checkedOut(tree("branch", { ...head, "refs/heads/main": `${HASH}\n` })), HASH);
  const packed = `# pack-refs with: peeled\n${"f".repeat(40)} refs/heads/not-main\n${HASH} refs/heads/main\n`;
  assert.equal(checkedOut(tree("packed", { ...head, "packed-refs": packed })), HASH);
});

test("no repository, no commit yet, and what git would not write give nothing", () => {
  assert.equal(checkedOut(join(directory, "nowhere")), undefined);
  assert.equal(checkedOut(tree("unborn", { HEAD: "ref: refs/heads/main\n" })), undefined);
  assert.equal(checkedOut(tree("odd", { HEAD: "what is this\n" })), undefined);
});

test("git says the same of a tree and of one that is linked to it", (t) => {
  const main = join(directory, "real");
  mkdirSync(main);
  const git = (...args: string[]) =>
    spawnSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
      cwd: main,
      encoding: "utf8",
    });
  if (git("init", "--quiet").status !== 0) return t.skip("there is no git");
  git("commit", "--quiet", "--allow-empty", "--message=first");
  git("worktree", "add", "--quiet", "-b", "side", "../linked");
  const hash = git("rev-parse", "HEAD").stdout.trim();
  assert.match(hash, /^[0-9a-f]{40}$/);
  assert.deepEqual([checkedOut(main), checkedOut(join(directory, "linked"))], [hash, hash]);
});
