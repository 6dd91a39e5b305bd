/** `kvmeter check` finds each of these planted faults, names its mend, and finds it no longer when that was followed. */
import { after, test, type TestContext } from "node:test";

import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { destinationFaults } from "./check/destination-faults.ts";

after(takeDownOwned);

test(
  "faults of real destinations",
  { skip: await skipWithout("collector", "prometheus", "victoriametrics", "openssl"), timeout: 120_000 },
  (t: TestContext) => destinationFaults(t),
);
