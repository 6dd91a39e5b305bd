/** Compiles src/ to dist/, makes the command executable and writes down the commit. */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";

import { builtCommit } from "./executable/commit.ts";

rmSync("dist", { recursive: true, force: true });
const { status, error } = spawnSync("tsc", ["--project", "tsconfig.build.json"], { stdio: "inherit" });
if (error !== undefined) throw error;
if (status !== 0) process.exit(status ?? 1);
chmodSync("dist/main.js", 0o755);
const commit = builtCommit();
if (commit !== undefined) writeFileSync("dist/commit", `${commit}\n`);
