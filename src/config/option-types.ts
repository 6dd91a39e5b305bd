/**
 * What an option's value can be. A message says what it must be; the loader adds what it is.
 */
import * as v from "valibot";

import { messageOf } from "../errors.ts";
import { parseLibvirtUri } from "../libvirt/uri.ts";
import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from "./units.ts";

/** No option's text is longer. */
export const MAX_TEXT_LENGTH = 4096;
const MAX_LIST_LENGTH = 1000;

/** Text that says something. */
export const text = (description: string) =>
  v.pipe(
    v.string("must be text; put it in quotes"),
    v.nonEmpty("must not be empty"),
    v.maxLength(MAX_TEXT_LENGTH, `must not be longer than ${MAX_TEXT_LENGTH} characters`),
    v.description(description),
  );

/** The absolute path of a folder. */
export const directory = (description: string) =>
  v.pipe(text(description), v.startsWith("/", "must be an absolute path"));

/** A URI that the libvirt client can use. */
export const libvirtUri = (description: string) =>
  v.pipe(
    text(description),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      try {
        parseLibvirtUri(dataset.value);
      } catch (error) {
        const problem = messageOf(error).replace(/^.*?": |, current value is .*$/gs, "");
        addIssue({ message: `must be a libvirt URI such as qemu:///system: ${problem}` });
      }
    }),
  );

/** A list of name patterns. */
export const patterns = (description: string) =>
  v.pipe(
    v.array(text("A name; `*` stands for any text, `?` for any one character."), "must be a list"),
    v.maxLength(MAX_LIST_LENGTH, `must not have more than ${MAX_LIST_LENGTH} entries`),
    v.description(description),
  );

/** One of a few words. */
export const oneOf = <const Values extends readonly [string, ...string[]]>(
  values: Values,
  description: string,
) => v.pipe(v.picklist(values, `must be one of ${values.join(", ")}`), v.description(description));

/** true or false. */
export const flag = (description: string) =>
  v.pipe(v.boolean("must be true or false"), v.description(description));

interface Quantity {
  readonly min: number;
  readonly max: number;
  readonly description: string;
  /** A default that is documented, but not the schema's to fill in: the environment comes before it. */
  readonly lastResort?: string;
}

/** Milliseconds, written with their unit. */
export const duration = ({ min, max, description, lastResort }: Quantity) =>
  v.pipe(
    v.string("must be a duration with its unit, such as 500ms, 10s, 5m or 1h30m"),
    v.description(description),
    v.metadata({
      pattern: `^(?:${DURATION_PATTERN}|.*\\$\\{.*)$`,
      ...(lastResort !== undefined && { default: lastResort }),
    }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const milliseconds = parseDuration(dataset.value);
      if (milliseconds === undefined) {
        addIssue({ message: "must be a duration with its unit, such as 500ms, 10s, 5m or 1h30m" });
        return NEVER;
      }
      if (milliseconds < min || milliseconds > max) {
        addIssue({ message: `must be between ${formatDuration(min)} and ${formatDuration(max)}` });
        return NEVER;
      }
      return milliseconds;
    }),
  );

/** Bytes, written with their unit. */
export const size = ({ min, max, description }: Quantity) =>
  v.pipe(
    v.string("must be a size with its unit, such as 500kB or 4MiB"),
    v.description(description),
    v.metadata({ pattern: `^(?:${SIZE_PATTERN}|.*\\$\\{.*)$` }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const bytes = parseSize(dataset.value);
      if (bytes === undefined) {
        addIssue({ message: "must be a size with its unit, such as 500kB or 4MiB" });
        return NEVER;
      }
      if (bytes < min || bytes > max) {
        addIssue({ message: `must be between ${formatSize(min)} and ${formatSize(max)}` });
        return NEVER;
      }
      return bytes;
    }),
  );

/** A mapping of options; the loader names the unknown ones. */
export const object = <const Entries extends v.ObjectEntries>(entries: Entries, description: string) =>
  v.pipe(v.strictObject(entries, "must be a mapping of options"), v.description(description));
