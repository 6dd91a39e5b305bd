import { parseArgs } from "node:util";

import { suggestion } from "../config/nearest.ts";
import { parseDuration } from "../config/units.ts";
import { KvmeterError } from "../errors.ts";

/** One option of a command line. */
export interface Flag {
  /** What its value is called in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
  /** The only values that there are. */
  readonly choices?: readonly string[];
  readonly default?: string;
  /** It may be given several times. */
  readonly multiple?: true;
}

/** What a command's line may hold; its help is made from this. */
export interface Syntax<Flags extends Readonly<Record<string, Flag>> = Readonly<Record<string, Flag>>> {
  /** How it is called: `kvmeter once [options]`. */
  readonly usage: string;
  /** What it does, in one or a few sentences. */
  readonly about: string;
  readonly flags: Flags;
  /** Lines to try, each with what it does. */
  readonly examples?: Readonly<Record<string, string>>;
}

type ValueOf<F extends Flag> = F extends { readonly multiple: true }
  ? readonly string[]
  : F extends { readonly value: string }
    ? F extends { readonly default: string }
      ? string
      : string | undefined
    : boolean;

/** The values of a command's flags, by name. */
export type FlagValues<Flags extends Readonly<Record<string, Flag>>> = {
  readonly [Name in keyof Flags]: ValueOf<Flags[Name]>;
};

/** Options that several commands share. */
export const CONFIG_FLAG = {
  config: { value: "FILE", short: "c", help: "Configuration file." },
} as const satisfies Record<string, Flag>;

export const AGENT_FLAGS = {
  ...CONFIG_FLAG,
  connect: { value: "URI", help: "The hypervisor, as virsh -c takes it, instead of the configured ones." },
  procfs: { value: "DIR", help: "Where the host's /proc is mounted, for an agent in a container." },
  sysfs: { value: "DIR", help: "Where the host's /sys is mounted." },
} as const satisfies Record<string, Flag>;

const HELP_FLAG = { help: { short: "h", help: "Show this." } } as const satisfies Record<string, Flag>;

/**
 * Reads a command's flags. Undefined when the line asks for help.
 * @throws KvmeterError USAGE
 */
export function parseFlags<const Flags extends Readonly<Record<string, Flag>>>(
  args: readonly string[],
  syntax: Syntax<Flags>,
): FlagValues<Flags> | undefined {
  const flags: Readonly<Record<string, Flag>> = { ...syntax.flags, ...HELP_FLAG };
  const values = new Map<string, string | boolean | string[]>();
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.multiple) values.set(name, []);
    else if (flag.default !== undefined) values.set(name, flag.default);
    else if (flag.value === undefined) values.set(name, false);
  }
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { short, value }]) => [
      name,
      { type: value === undefined ? "boolean" : "string", ...(short !== undefined && { short }) } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional") refuse(`unexpected argument "${token.value}"`, syntax);
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined) {
      const near = suggestion(
        token.rawName,
        Object.keys(flags).map((name) => `--${name}`),
      );
      refuse(`unknown option ${token.rawName}${near}`, syntax);
    } else if (flag.value === undefined) {
      if (token.value !== undefined) refuse(`${token.rawName} takes no value`, syntax);
      values.set(token.name, true);
    } else {
      const value = checkedValue(token, flag, syntax);
      values.set(
        token.name,
        flag.multiple ? [...((values.get(token.name) ?? []) as string[]), value] : value,
      );
    }
  }
  return values.get("help") === true ? undefined : (Object.fromEntries(values) as FlagValues<Flags>);
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkedValue({ rawName, value, inlineValue }: OptionToken, flag: Flag, syntax: Syntax): string {
  // An option where a value should be is a forgotten value, unless it is written as --name=-value.
  if (value === undefined || value === "" || (inlineValue !== true && value.startsWith("-"))) {
    return refuse(`${rawName} needs a value: ${rawName} ${flag.value ?? ""}`, syntax);
  }
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    const near = suggestion(value, flag.choices);
    return refuse(
      `${rawName} must be one of ${flag.choices.join(", ")}${near}: current value is "${value}"`,
      syntax,
    );
  }
  return value;
}

/** @throws KvmeterError USAGE, with where to read more */
export function refuse(problem: string, syntax: Pick<Syntax, "usage">): never {
  const command = syntax.usage.split(" ", 2).join(" ");
  throw new KvmeterError("USAGE", `Cannot read the command line: ${problem}; see ${command} --help`);
}

/** Milliseconds of a duration flag within its bounds. */
export function durationFlag(
  name: string,
  text: string | undefined,
  options: { readonly min: number; readonly max: number; readonly syntax: Syntax },
): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds >= options.min && milliseconds <= options.max) {
    return milliseconds;
  }
  const wanted =
    milliseconds === undefined ? "a duration such as 10s" : `between ${options.min} ms and ${options.max} ms`;
  return refuse(`--${name} must be ${wanted}: current value is "${text}"`, options.syntax);
}

/** The whole number of a flag within its bounds. */
export function countFlag(
  name: string,
  text: string,
  options: { readonly min: number; readonly max: number; readonly syntax: Syntax },
): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= options.min && count <= options.max) return count;
  const { min, max, syntax } = options;
  return refuse(`--${name} must be a whole number from ${min} to ${max}: current value is "${text}"`, syntax);
}

/** A command's help. */
export function helpOf(syntax: Syntax): string {
  const rows = Object.entries({ ...syntax.flags, ...HELP_FLAG }).map(([name, flag]: [string, Flag]) => {
    const short = flag.short === undefined ? "    " : `-${flag.short}, `;
    const value = flag.value === undefined ? "" : ` ${flag.value}`;
    const choices = flag.choices === undefined ? "" : ` One of ${flag.choices.join(", ")}.`;
    const preset = flag.default === undefined || flag.default === "" ? "" : ` Default ${flag.default}.`;
    return [`${short}--${name}${value}`, `${flag.help}${choices}${preset}`] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const options = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
  const examples = Object.entries(syntax.examples ?? {}).map(([line, does]) => `  ${line}\n      ${does}\n`);
  const shown = examples.length === 0 ? "" : `\nExamples\n${examples.join("")}`;
  return `${syntax.usage}\n\n${syntax.about}\n\nOptions\n${options}${shown}`;
}
