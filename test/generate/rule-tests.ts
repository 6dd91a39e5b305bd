import { stringify } from "yaml";

import { ALERT_RULES } from "../../scripts/generate/alerts/render.ts";
import type { Naming } from "../../scripts/generate/promql/namings.ts";
import { translate } from "../../scripts/generate/promql/translate.ts";
import type { AlertScenario } from "./scenarios/scenario.ts";

/** A file of rule unit tests for promtool, or for vmalert-tool, which also wants the group of each alert. */
export function ruleTests(
  scenarios: readonly AlertScenario[],
  { naming, rules, engine }: { naming: Naming; rules: string; engine: "promtool" | "vmalert-tool" },
): string {
  const tests = scenarios.map((scenario) => ({
    name: scenario.alert,
    interval: "1m",
    input_series: Object.entries(scenario.series).map(([series, values]) => ({
      series: translate(series, naming),
      values,
    })),
    alert_rule_test: [
      ...(scenario.silentAt === undefined ? [] : [{ at: scenario.silentAt, fires: [] }]),
      { at: scenario.at, fires: scenario.fires },
    ].map(({ at, fires }) => ({
      eval_time: at,
      groupname: engine === "vmalert-tool" ? "kvmeter-alerts" : undefined,
      alertname: scenario.alert,
      exp_alerts: fires.map(({ labels, summary }) =>
        expectation(scenario.alert, { labels, summary, naming }),
      ),
    })),
  }));
  const groups = ["kvmeter-records", "kvmeter-alerts"];
  return stringify({ rule_files: [rules], evaluation_interval: "1m", group_eval_order: groups, tests });
}

function expectation(
  alert: string,
  { labels, summary, naming }: { labels: Readonly<Record<string, string>>; summary: string; naming: Naming },
) {
  const severity = ALERT_RULES.find((rule) => rule.alert === alert)?.severity;
  const named = Object.entries(labels).map(([label, value]) => [naming.label(label), value]);
  return {
    exp_labels: { ...Object.fromEntries(named), severity },
    exp_annotations: { summary, runbook: `docs/alerts.md#${alert.toLowerCase()}` },
  };
}
