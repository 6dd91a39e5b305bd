/** `kvmeter check` finds each of these planted faults, names its mend, and finds it no longer when that was followed. */
import { after, test, type TestContext } from "node:test";

import { startHostLibvirtd } from "./bed/libvirtd.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { destinationFaults } from "./check/destination-faults.ts";
import { configurationFaults, hostFaults, libvirtFaults, stateFaults } from "./check/place-faults.ts";
import { plantDriverless, vmFaults } from "./check/vm-faults.ts";

after(takeDownOwned);

test(
  "faults of real destinations",
  { skip: await skipWithout("collector", "prometheus", "victoriametrics", "openssl"), timeout: 120_000 },
  (t: TestContext) => destinationFaults(t),
);

test(
  "faults around a real libvirtd",
  { skip: await skipWithout("libvirtd", "guests"), timeout: 180_000 },
  async (t: TestContext) => {
    const daemon = await startHostLibvirtd();
    t.after(() => daemon.stop());
    const notBeforeMs = await plantDriverless(daemon);
    await t.test("of the configuration", (t) => configurationFaults(t));
    await t.test("of the state directory", (t) => stateFaults(t, daemon));
    await t.test("of the host", (t) => hostFaults(t, daemon));
    await t.test("of the daemon", (t) => libvirtFaults(t, daemon));
    await t.test("of VMs", (t) => vmFaults(t, daemon, notBeforeMs));
  },
);
