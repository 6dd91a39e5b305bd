import type { HostConfiguration } from "../src/config/configuration.ts";

/** The machine that a test runs on is none of its business. */
export const NO_HOST: HostConfiguration = {
  enabled: false,
  procfs: "/proc",
  sysfs: "/sys",
  taps: false,
  readers: {},
  note: undefined,
};
