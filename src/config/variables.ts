import type { Attributes } from "../metrics/points.ts";
import type { Problem } from "./problems.ts";

/** Environment variables, as process.env has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set. The specification treats an empty one as not set. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** The first of the names that is set. */
export function firstSet(env: Environment, names: readonly string[]): Variable | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}

/** Reads typed values out of variables and gathers what is wrong with them. Names are tried in their order. */
export class VariableReader {
  readonly problems: Problem[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /**
   * A problem with a variable. Its value is not shown: it may be a secret. One that is read for several signals is
   * reported once.
   */
  report(name: string, message: string): void {
    const line = `${name}: ${message}`;
    if (this.problems.some((known) => known.line === line)) return;
    this.problems.push({ code: "ENVIRONMENT_INVALID", line, offset: Infinity });
  }

  text(...names: readonly string[]): Variable | undefined {
    return firstSet(this.#env, names);
  }

  /** One of the words, in any case. */
  word<const Word extends string>(names: readonly string[], words: readonly Word[]): Word | undefined {
    const variable = firstSet(this.#env, names);
    if (variable === undefined) return undefined;
    const word = words.find((word) => word === variable.value.toLowerCase());
    if (word === undefined) this.#wrong(variable, `must be one of ${words.join(", ")}`);
    return word;
  }

  /** Whole milliseconds, as the specification writes every time. */
  milliseconds(names: readonly string[], limits: { min: number; max: number }): number | undefined {
    const variable = firstSet(this.#env, names);
    if (variable === undefined) return undefined;
    const value = /^\d{1,10}$/.test(variable.value) ? Number(variable.value) : Number.NaN;
    if (value >= limits.min && value <= limits.max) return value;
    this.#wrong(variable, `must be whole milliseconds between ${limits.min} and ${limits.max}`);
    return undefined;
  }

  /** `key1=value1,key2=value2`, keys and values percent-encoded (W3C Baggage without properties). */
  pairs(...names: readonly string[]): Readonly<Record<string, string>> | undefined {
    const variable = firstSet(this.#env, names);
    if (variable === undefined) return undefined;
    const pairs = new Map<string, string>();
    for (const [index, entry] of variable.value.split(",").entries()) {
      if (entry.trim() === "") continue;
      const equals = entry.indexOf("=");
      try {
        if (equals < 1) throw new URIError("no key=value");
        const key = decodeURIComponent(entry.slice(0, equals).trim());
        pairs.set(key, decodeURIComponent(entry.slice(equals + 1).trim()));
      } catch {
        const message = `entry ${index + 1} must be key=value, with commas and percent signs percent-encoded`;
        this.report(variable.name, message);
      }
    }
    return Object.fromEntries(pairs);
  }

  #wrong(variable: Variable, message: string): void {
    this.report(variable.name, `${message}: current value is ${JSON.stringify(variable.value.slice(0, 60))}`);
  }
}

/** Attributes of which kvmeter itself decides: without them two domains could not be told apart. */
export function isReservedAttribute(name: string): boolean {
  return name === "service.instance.id" || name.startsWith("libvirt.");
}

/** The attributes without those that kvmeter sets itself and without the service's name. */
export function ownAttributes(attributes: Attributes): Attributes {
  const kept = Object.entries(attributes).filter(
    ([name]) => name !== "service.name" && !isReservedAttribute(name),
  );
  return Object.fromEntries(kept);
}
