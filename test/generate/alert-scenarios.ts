import { DOMAIN_SCENARIOS } from "./scenarios/domains.ts";
import { HOST_SCENARIOS } from "./scenarios/hosts.ts";
import type { AlertScenario } from "./scenarios/scenario.ts";
import { SUPPLY_SCENARIOS } from "./scenarios/supplies.ts";

/** Every alert has one, or a test fails. */
export const ALERT_SCENARIOS: readonly AlertScenario[] = [
  ...DOMAIN_SCENARIOS,
  ...SUPPLY_SCENARIOS,
  ...HOST_SCENARIOS,
];
