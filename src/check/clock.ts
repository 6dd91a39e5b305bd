import { existsSync } from "node:fs";

import { formatSeconds } from "../cli/quantity.ts";
import { type Finding, unwell, well } from "./finding.ts";

/** What a destination's answer says of the time. */
export interface ToldTime {
  readonly who: string;
  /** Its Date header, in whole seconds. */
  readonly toldMs: number;
  /** On this clock, when the request left and when the answer came. */
  readonly sentMs: number;
  readonly receivedMs: number;
}

const OFF_MS = 2000;
const WRONG_MS = 300_000;

/** Traces of what sets the clock, and what they say. */
const SIGNS = [
  { path: "/run/systemd/timesync/synchronized", says: "systemd-timesyncd has set it" },
  { path: "/run/chrony/chronyd.pid", says: "chronyd runs; chronyc tracking tells whether it is in step" },
  { path: "/run/chrony/chronyd.sock", says: "chronyd runs; chronyc tracking tells whether it is in step" },
  { path: "/run/ntpd.pid", says: "ntpd runs; ntpq -p tells whether it is in step" },
] as const;

/** Compares this clock with those of the destinations that told theirs; else looks for what sets it. */
export function judgeClock(
  told: readonly ToldTime[],
  isThere: (path: string) => boolean = existsSync,
): Finding[] {
  const subject = "this machine";
  if (told.length > 0) return told.map(compare);
  const sign = SIGNS.find(({ path }) => isThere(path));
  return [sign === undefined ? unwell("clock-unknown", subject) : well("clock-unknown", subject, sign.says)];
}

function compare({ who, toldMs, sentMs, receivedMs }: ToldTime): Finding {
  // The header has no fraction of a second, and was written at some time on the way.
  const offsetMs = toldMs + 500 - (sentMs + receivedMs) / 2;
  const uncertainMs = 500 + (receivedMs - sentMs) / 2;
  const amount = Math.abs(offsetMs);
  if (amount <= OFF_MS + uncertainMs)
    return well("clock-off", who, `this clock and its own are in step within ${OFF_MS / 1000} s`);
  const offset = `${formatSeconds(amount / 1000)} ${offsetMs > 0 ? "behind" : "ahead of"}`;
  return unwell(amount > WRONG_MS ? "clock-wrong" : "clock-off", who, { values: { offset, who } });
}
