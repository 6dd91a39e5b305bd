import { ERROR_KINDS } from "../../src/errors.ts";

/** docs/errors.md: every code, what it means and what it does. */
export function renderErrorsDoc(): string {
  const rows = Object.entries(ERROR_KINDS).map(
    ([code, { meaning, retryable, exitCode }]) =>
      `| \`${code}\` | ${meaning} | ${retryable ? "yes" : "no"} | ${exitCode} |`,
  );
  return `# Errors

<!-- Generated from src/errors.ts by npm run generate. -->

Every error that kvmeter raises has one of these codes. On standard error, and in what \`kvmeter check\` prints, a
message ends with its code in brackets; in the JSON of \`kvmeter check\` it stands in the field \`code\`. The log has the
message alone.

Retried: while it runs, kvmeter tries again by itself, and the error goes away when its cause does. Exit: the
program's exit code when the error ends it, 1 for a failure, 2 for a wrong command line or configuration.

| code | meaning | retried | exit |
|---|---|---|---|
${rows.join("\n")}
`;
}
