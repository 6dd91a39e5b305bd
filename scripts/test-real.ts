/**
 * Runs the tests against real daemons: one file after another those that share the machine's libvirtd, then side by side
 * those that do not. A test whose parts this machine lacks is skipped with the reason; with --required a missing part
 * fails the run instead.
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

/** They need no libvirtd of this machine, and nothing in them is measured in time; one mostly waits. */
const APART = new Set(
  ["deployment", "image", "npm-package", "outage", "package", "queue-kill"].map(
    (name) => `test/real/${name}.test.ts`,
  ),
);

const files = chosen.length > 0 ? chosen : globSync("test/real/*.test.ts").toSorted();
const passed = [
  run(
    files.filter((file) => !APART.has(file)),
    1,
  ),
  run(
    files.filter((file) => APART.has(file)),
    2,
  ),
];
process.exit(passed.every(Boolean) ? 0 : 1);

function run(some: readonly string[], concurrency: number): boolean {
  if (some.length === 0) return true;
  const { status } = spawnSync(
    process.execPath,
    [
      "--test",
      "--test-reporter=spec",
      "--test-timeout=900000",
      `--test-concurrency=${concurrency}`,
      "--conditions=kvmeter-source",
      ...some,
    ],
    // Without a locale, as in a CI that sets none, virsh and libvirtd spoil names that are not ASCII.
    { stdio: "inherit", env: { ...process.env, LC_ALL: "C.UTF-8" } },
  );
  return status === 0;
}
