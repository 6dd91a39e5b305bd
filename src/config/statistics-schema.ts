import * as v from "valibot";

import { PACED_GROUPS } from "../readings/reading-schedule.ts";
import { duration, object } from "./option-types.ts";

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;

/** What each group tells, and how often it is read where nothing is said. */
const GROUPS: Readonly<Record<(typeof PACED_GROUPS)[number], string>> = {
  cpu: "CPU time; every cycle.",
  "cpu-monitor": "Cache and energy monitors; every cycle for the domains that have some.",
  haltpoll: "Halt polling; seldom.",
  balloon: "The balloon, and memory as the guest sees it; as often as the guest's driver tells it.",
  rss: "Resident memory; every cycle.",
  vcpu: "Time and delay of vCPUs; every cycle.",
  "vcpu-count": "The number of vCPUs; seldom.",
  "vcpu-state": "State of vCPUs; every cycle, when its metrics are switched on.",
  "vcpu-kvm": "KVM's statistics of vCPUs; every cycle, when its metrics are switched on.",
  block: "I/O counters of disks; every cycle.",
  "block-size": "Capacity, allocation and physical size of disks; seldom.",
  "block-detail":
    "Latency histograms and timed statistics of disks; every cycle for the domains that have some.",
  iothread: "I/O threads; seldom, when its metrics are switched on.",
  dirtyrate: "The dirty rate; seldom, when its metrics are switched on.",
  vm: "KVM's statistics of the VM; every cycle, when its metrics are switched on.",
};

const interval = (description: string) => v.optional(duration({ min: 0, max: HOUR_MS, description }));

const intervals = Object.fromEntries(PACED_GROUPS.map((group) => [group, interval(GROUPS[group])])) as Record<
  (typeof PACED_GROUPS)[number],
  ReturnType<typeof interval>
>;

/** `statistics`: how often to read what. */
export const statisticsSchema = object(
  {
    slow_interval: v.optional(
      duration({
        min: SECOND_MS,
        max: HOUR_MS,
        description:
          "How often to read what changes seldom. A backend that looks back five minutes needs less than that.",
      }),
      "2m",
    ),
    intervals: v.optional(
      object(intervals, "How often to read single groups, 0s for every cycle, where not as said there."),
      {},
    ),
    stretch_above: v.optional(
      v.pipe(
        v.number("must be a number between 0.05 and 1"),
        v.minValue(0.05, "must be at least 0.05"),
        v.maxValue(1, "must not be above 1"),
        v.description(
          "The share of the interval that reading a hypervisor may take. Above it, everything for which QEMU is asked " +
            "is read less often.",
        ),
      ),
      0.5,
    ),
  },
  "How often to read what of the domains' statistics: what costs the guests is asked as often as it changes.",
);
