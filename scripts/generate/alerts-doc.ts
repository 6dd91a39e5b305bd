import { RECORDING_RULES } from "./alerts/records.ts";
import { ALERT_RULES } from "./alerts/render.ts";
import type { AlertRule } from "./alerts/rule.ts";
import { PENDING_ROWS } from "./promql/pending-rows.ts";

const PREFACE = `# Alerts

<!-- Generated from scripts/generate/alerts/ by npm run generate. -->

The rules are in [config/alerts](../config/alerts/README.md), for Prometheus and for vmalert; this page says what each of
them means and what to do. \`critical\`: somebody looks now. \`warning\`: somebody looks today. \`info\`: for planning.

Thresholds are a start. Where yours differ, change them in a copy of the file, or route by \`severity\` and
\`alertname\`.

Expressions are shown in the metrics' own names. As they stand here VictoriaMetrics and Prometheus 3 understand them
where names are not translated; the files have each backend's names.
`;

/** docs/alerts.md: a runbook paragraph for each alert. */
export function renderAlertsDoc(): string {
  const index = ALERT_RULES.map(
    ({ alert, severity, lasting }) => `| [${alert}](#${alert.toLowerCase()}) | ${severity} | ${lasting} |`,
  );
  const records = RECORDING_RULES.map(({ record, meaning }) => `| \`${record}\` | ${meaning} |`);
  return [
    PREFACE,
    `| alert | severity | lasting |\n|---|---|---|\n${index.join("\n")}\n`,
    ...ALERT_RULES.map(section),
    "## Recording rules\n",
    `| name | what it is |\n|---|---|\n${records.join("\n")}\n`,
  ].join("\n");
}

function section({ alert, severity, lasting, query, runbook }: AlertRule): string {
  const when = lasting === "0m" ? "at once" : `after ${lasting}`;
  const code = query.split("\n").map((line) => `    ${line}`);
  const untold = PENDING_ROWS.filter(({ name }) => query.includes(`"${name}"`)).map(
    ({ name }) => `\`${name}\``,
  );
  const silence =
    untold.length === 0
      ? ""
      : `\nSilent for now: this version of kvmeter does not tell ${untold.join(" and ")}.\n`;
  return `## ${alert}\n\n${severity}, ${when}\n\n${code.join("\n")}\n\n${runbook}\n${silence}`;
}
