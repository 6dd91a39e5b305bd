/**
 * Runs the tests against real daemons, one file after another: they share the machine's libvirtd. A test whose
 * parts this machine lacks is skipped with the reason; with --required a missing part fails the run instead.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

import { missingParts } from "../test/real/bed/parts.ts";

const required = process.argv.includes("--required");
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

const missing = await missingParts();
if (required && missing.length > 0) {
  console.error(`Cannot run the real tests: ${missing.join("; ")}`);
  process.exit(1);
}

const files = chosen.length > 0 ? chosen : globSync("test/real/*.test.ts").toSorted();
const { status } = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-reporter=spec",
    "--test-timeout=900000",
    "--test-concurrency=1",
    "--conditions=kvmeter-source",
    ...files,
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
