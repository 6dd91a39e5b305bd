import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";

import type { CheckJson } from "../../../src/check/json.ts";
import { repositoryRoot } from "../bed/parts.ts";
import { run } from "../bed/processes.ts";
import { withConfiguration } from "../kvmeter.ts";

type JsonFinding = CheckJson["findings"][number];

/** What a check found. */
export interface Checked {
  readonly code: number;
  readonly json: CheckJson;
  /** What is not well, as "id subject". */
  readonly unwell: readonly string[];
  readonly find: (id: string, subject?: string) => JsonFinding | undefined;
}

export interface CheckPlan {
  /** The configuration as plain data; YAML has JSON in it. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Another file instead, which stays. */
  readonly file?: string;
  readonly args?: readonly string[];
  /** Who runs it and where: a command that runs the command after it. */
  readonly within?: readonly string[];
}

const MAIN = join(repositoryRoot, "src/main.ts");

/** Nobody listens on port 1: where a destination is not what a check is about. */
export const NOWHERE = { preset: "collector", endpoint: "http://127.0.0.1:1", signals: ["metrics"] };

/** Runs `kvmeter check --format json` to its end. */
export function check({ configuration = {}, file, args = [], within = [] }: CheckPlan): Promise<Checked> {
  if (file !== undefined) return runOn(file, args, within);
  const whole = { export: [NOWHERE], ...configuration };
  return withConfiguration(JSON.stringify(whole), (made) => runOn(made, args, within), { forAll: true });
}

function runOn(file: string, args: readonly string[], within: readonly string[]): Promise<Checked> {
  const [command = "", ...rest] = [
    ...within,
    process.execPath,
    MAIN,
    "check",
    "--format",
    "json",
    "-c",
    file,
    ...args,
  ];
  return new Promise((fulfil, reject) => {
    execFile(command, rest, { timeout: 60_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      if (stderr !== "" || !Number.isInteger(code)) {
        reject(new Error(`${command} ${rest.join(" ")}: exit code ${code}: ${stderr}`, { cause: error }));
        return;
      }
      const json = JSON.parse(stdout) as CheckJson;
      const bad = json.findings.filter(({ state }) => state === "warn" || state === "fail");
      fulfil({
        code,
        json,
        unwell: bad.map(({ id, subject }) => `${id} ${subject}`),
        find: (id, subject) =>
          bad.find((finding) => finding.id === id && (subject === undefined || finding.subject === subject)),
      });
    });
  });
}

/** Does what a mend says, where it is a command. */
export const follow = (command: string | undefined) => run("/bin/sh", ["-c", command ?? "exit 1"]);

/** None of these is found any more. */
export function assertGone(checked: Checked, ...ids: readonly string[]): void {
  const still = checked.unwell.filter((found) => ids.some((id) => found.startsWith(`${id} `)));
  assert.deepEqual(still, []);
}
