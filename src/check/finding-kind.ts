/** What belongs together, in the order in which it is printed. */
export const AREAS = {
  configuration: "Configuration",
  libvirt: "libvirt",
  domains: "VMs",
  host: "Host",
  state: "State directory",
  clock: "Clock",
  destinations: "Destinations",
} as const;

export type Area = keyof typeof AREAS;

/**
 * fail: what the configuration asks for cannot be read or delivered. warn: something of it is missing, or soon will be.
 * skip: nothing that was asked for is missing, but it could not be looked at, or there could be more.
 */
export type Trouble = "fail" | "warn" | "skip";

/** A row of the table. */
export interface FindingKind {
  readonly area: Area;
  /** What it is when it is not well. */
  readonly state: Trouble;
  /** What is looked at, for the documentation. */
  readonly looksAt: string;
  /** What is not well; without one it is said by an error of kvmeter's own, which names its mend. */
  readonly says?: string;
  /** A command, a line of configuration or XML. */
  readonly mend?: string;
}
