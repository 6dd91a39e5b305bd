import * as v from "valibot";

import { HOST_READER_NAMES } from "../readings/host-scopes.ts";
import { directory, duration, flag, object } from "./option-types.ts";

const READER_INTERVAL_LIMITS_MS = { min: 100, max: 86_400_000 } as const;

/** The section `host`. */
export const hostSchema = object(
  {
    enabled: v.optional(
      flag(
        "Whether to read this machine as well. Left out, it is read when at least one of the hypervisors is on it, and " +
          "not when all of them are remote: then it is no host of theirs.",
      ),
    ),
    procfs: v.optional(
      directory("Where the host's /proc is mounted: elsewhere for an agent in a container."),
      "/proc",
    ),
    sysfs: v.optional(directory("Where the host's /sys is mounted."), "/sys"),
    taps: v.optional(
      flag(
        "Whether the tap interfaces of domains are told as the host's, too, and not as the domains' alone.",
      ),
      false,
    ),
    readers: v.optional(
      v.pipe(
        v.record(
          v.pipe(
            v.string(),
            v.regex(
              new RegExp(`^(?:${HOST_READER_NAMES.join("|")})$`),
              `unknown reader, must be one of ${HOST_READER_NAMES.join(", ")}`,
            ),
          ),
          v.strictObject(
            {
              enabled: v.optional(flag("Whether it is read."), true),
              interval: v.optional(
                duration({
                  ...READER_INTERVAL_LIMITS_MS,
                  description: "How often, where not in every cycle.",
                }),
              ),
            },
            "must be a mapping with enabled and interval",
          ),
          "must be a mapping of readers",
        ),
        v.description(
          "Readers to switch off or to read less often, each a mapping of `enabled` and `interval`, such as " +
            `\`interrupts: { interval: 1m }\`. They are ${HOST_READER_NAMES.join(", ")}: see operations.md.`,
        ),
      ),
      {},
    ),
  },
  "The machine that kvmeter runs on.",
);
