import type { Attributes, Resource } from "./points.ts";

/** The lowest number of each of OpenTelemetry's ranges of severity (logs data model, "Field: SeverityNumber"). */
export const SEVERITY_NUMBERS = { debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

export type Severity = keyof typeof SEVERITY_NUMBERS;

/** One thing that happened, in the terms of OpenTelemetry's logs data model. */
export interface LogRecord {
  /** When it happened, nanoseconds since the epoch; undefined where nobody but the observer tells the time. */
  readonly timeNs: bigint | undefined;
  /** When the agent learned of it, nanoseconds since the epoch. */
  readonly observedTimeNs: bigint;
  /** What kind of thing: `libvirt.domain.lifecycle`. Of one kind all have the same attributes. */
  readonly eventName: string;
  readonly severity: Severity;
  /** For people: one line, or undefined. */
  readonly body: string | undefined;
  readonly attributes: Attributes;
}

/** Records about one resource, in the order in which they were observed. */
export interface ResourceRecords {
  readonly resource: Resource;
  readonly records: readonly LogRecord[];
}
