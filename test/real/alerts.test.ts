/** The alert rules in real rule engines: each fires on data that should fire it, and is silent on what should not. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { renderAlerts } from "../../scripts/generate/alerts/render.ts";
import { NAMINGS, type NamingName } from "../../scripts/generate/promql/namings.ts";
import { ALERT_SCENARIOS } from "../generate/alert-scenarios.ts";
import { ruleTests } from "../generate/rule-tests.ts";
import { paths } from "./bed/parts.ts";
import { run } from "./bed/processes.ts";
import { skipWithout } from "./bed/skip.ts";

const PATIENCE = { timeoutMs: 600_000 };

type Engine = "promtool" | "vmalert-tool";

/** Writes the rules and their tests side by side, and gives the directory to do something in it. */
async function withRules<Result>(
  naming: NamingName,
  { engine, scenarios = ALERT_SCENARIOS }: { engine: Engine; scenarios?: typeof ALERT_SCENARIOS },
  act: (files: { rules: string; tests: string }) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "kvmeter-rules-"));
  const rules = join(directory, "rules.yaml");
  const tests = join(directory, "tests.yaml");
  try {
    await writeFile(rules, renderAlerts(naming));
    await writeFile(tests, ruleTests(scenarios, { naming: NAMINGS[naming], rules: "rules.yaml", engine }));
    return await act({ rules, tests });
  } finally {
    await rm(directory, { recursive: true });
  }
}

const promtool = (...args: string[]) => run(paths.promtool, args, PATIENCE);
const vmalertTool = (tests: string) => run(paths.vmalertTool, ["unittest", "--files", tests], PATIENCE);

test("promtool: Prometheus' names", { skip: await skipWithout("promtool"), timeout: 600_000 }, () =>
  withRules("prometheus", { engine: "promtool" }, async ({ rules, tests }) => {
    assert.match(await promtool("check", "rules", rules), /SUCCESS/);
    assert.match(await promtool("test", "rules", tests), /SUCCESS/);
  }),
);

for (const naming of ["victoriametrics", "victoriametrics-prometheus-naming"] as const) {
  test(`vmalert-tool: ${naming}`, { skip: await skipWithout("victoriametrics"), timeout: 600_000 }, () =>
    withRules(naming, { engine: "vmalert-tool" }, async ({ tests }) => {
      assert.match(await vmalertTool(tests), /SUCCESS/);
    }),
  );
}

test("Prometheus 3 takes names that are not translated", { skip: await skipWithout("promtool") }, () =>
  withRules("victoriametrics", { engine: "promtool" }, async ({ rules }) => {
    assert.match(await promtool("check", "rules", rules), /SUCCESS/);
  }),
);

test("a scenario that expects the wrong thing fails", { skip: await skipWithout("promtool") }, () => {
  const [first] = ALERT_SCENARIOS;
  assert.ok(first);
  const scenarios = [{ ...first, fires: [] }];
  return withRules("prometheus", { engine: "promtool", scenarios }, async ({ tests }) => {
    await assert.rejects(promtool("test", "rules", tests), /busy/);
  });
});
