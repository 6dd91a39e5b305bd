/**
 * Runs the unit tests and holds the coverage of the core to its floor. Files given on the command line are run
 * alone, without the floor.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const CORE = ["libvirt", "readings", "metrics", "otlp"];
const FLOOR_PERCENT = 90;

const chosen = process.argv.slice(2);
const files =
  chosen.length > 0 ? chosen : globSync("test/**/*.test.ts").filter((file) => !file.startsWith("test/real/"));
const coverage = [
  "--experimental-test-coverage",
  ...CORE.map((folder) => `--test-coverage-include=src/${folder}/**`),
  `--test-coverage-lines=${FLOOR_PERCENT}`,
];

const { status } = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-reporter=spec",
    "--test-timeout=60000",
    ...(chosen.length > 0 ? [] : coverage),
    ...files,
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
