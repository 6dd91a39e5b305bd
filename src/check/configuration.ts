import { readFileSync, statSync } from "node:fs";

import type { LoadedConfiguration } from "../config/load.ts";
import { ConfigurationError } from "../config/problems.ts";
import { KvmeterError } from "../errors.ts";
import { failed, type Finding, shellWord, unwell, well } from "./finding.ts";

/** What a configuration that can be used is like. */
export function checkConfiguration(
  { configuration }: LoadedConfiguration,
  file: string | undefined,
): Finding[] {
  const subject = subjectOf(file);
  const words = file === undefined ? "no file: defaults, and what the environment says" : "it is valid";
  return [
    well("configuration", subject, words),
    ...configuration.warnings.map((says) => unwell("configuration-notice", subject, { says })),
    ...(file === undefined ? [] : judgeSecrets(file, configuration.secrets)),
  ];
}

/** What one that cannot be used is like, one finding for each of its problems; undefined for any other error. */
export function configurationFailure(error: unknown, file: string | undefined): Finding[] | undefined {
  const subject = subjectOf(file);
  if (error instanceof ConfigurationError) {
    return error.problems.map(({ line, code }) => ({
      ...unwell("configuration", subject, { says: line }),
      code,
    }));
  }
  if (!(error instanceof KvmeterError) || error.exitCode !== 2 || error.code === "USAGE") return undefined;
  return [failed("configuration", subject, { error })];
}

function subjectOf(file: string | undefined): string {
  return file ?? "the environment";
}

/** Credentials that stand in a file of their own, or in the environment, are not in this one. */
function judgeSecrets(file: string, secrets: readonly string[]): Finding[] {
  const isForAll = (statSync(file).mode & 0o004) !== 0;
  const text = isForAll ? readFileSync(file, "utf8") : "";
  if (!secrets.some((secret) => secret.length >= 4 && text.includes(secret))) return [];
  return [unwell("configuration-secrets", file, { values: { file: shellWord(file) } })];
}
