import { KvmeterError } from "../errors.ts";
import { procedureFrom, type ProcedureName } from "./procedure-numbers.ts";

/** Ways to spoil a reply on its way out. */
export type ReplyDamage = "cut" | "garbage" | "oversize" | "malformed";

/** What goes wrong, where. Without a procedure every one is meant. */
export type FaultSpec =
  /** Every call, or those that touch a domain, or those of a procedure, take so much longer. */
  | {
      readonly kind: "delay";
      readonly ms: number;
      readonly domain?: string;
      readonly procedure?: ProcedureName;
    }
  /** The QEMU of a domain stops answering its monitor. */
  | { readonly kind: "hang"; readonly domain: string }
  /** The daemon cannot tell of a storage pool, as while it waits for a file server that is gone. */
  | { readonly kind: "pool-hang"; readonly pool: string }
  /** The reply is cut in the middle, random bytes, of an impossible length, or a payload that is not one. */
  | { readonly kind: ReplyDamage; readonly procedure?: ProcedureName; readonly times?: number }
  /** The call fails with a number of virErrorNumber. */
  | {
      readonly kind: "error";
      readonly procedure?: ProcedureName;
      readonly code: number;
      readonly times?: number;
    }
  /** The daemon restarts at an interval and is away for a while. */
  | { readonly kind: "restart"; readonly everyMs: number; readonly awayMs: number }
  /** So many domains a second are created, and live for a fifth of a second. */
  | { readonly kind: "churn"; readonly perSecond: number };

const FORMS = [
  "delay:500ms",
  "delay:DOMAIN:2s",
  "delay:PROCEDURE:2s",
  "hang:DOMAIN",
  "pool-hang:POOL",
  "cut[:PROCEDURE][*TIMES]",
  "garbage[:PROCEDURE][*TIMES]",
  "oversize[:PROCEDURE][*TIMES]",
  "malformed[:PROCEDURE][*TIMES]",
  "error:PROCEDURE:CODE[*TIMES]",
  "restart:EVERY[:AWAY]",
  "churn:PER_SECOND",
];

const DEFAULT_AWAY_MS = 1000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const LONGEST_MS = 86_400_000;

/**
 * A fault from its text on a command line: `hang:vm-3`, `delay:vm-3:2s`, `error:GET_XML_DESC:38`, `restart:30s`.
 * @throws KvmeterError USAGE that names the forms there are
 */
export function parseFault(text: string): FaultSpec {
  const spec = specOf(text);
  if (spec !== undefined) return spec;
  throw new KvmeterError(
    "USAGE",
    `Cannot make a fault: current value is "${text}", must be one of ${FORMS.join(", ")}; a PROCEDURE is libvirt's name of a call such as GET_ALL_DOMAIN_STATS`,
  );
}

function specOf(text: string): FaultSpec | undefined {
  const [, main = "", count] = /^(.*?)(?:\*([1-9]\d{0,5}))?$/s.exec(text) ?? [];
  const [kind = "", ...words] = main.split(":");
  const times = count === undefined ? {} : { times: Number(count) };
  switch (kind) {
    case "cut":
    case "garbage":
    case "oversize":
    case "malformed": {
      if (words.length === 0) return { kind, ...times };
      const procedure = procedureFrom(words.join(":"));
      return procedure && { kind, procedure, ...times };
    }
    case "error": {
      const [name = "", code = "", ...rest] = words;
      const procedure = procedureFrom(name);
      if (procedure === undefined || !/^[1-9]\d{0,3}$/.test(code) || rest.length > 0) return undefined;
      return { kind, procedure, code: Number(code), ...times };
    }
    default:
      return lastingSpec(text.split(":"));
  }
}

/** Faults that last; what they name is a domain, whose name may hold anything. */
function lastingSpec([kind, ...words]: readonly string[]): FaultSpec | undefined {
  if (kind === "hang") {
    const domain = words.join(":");
    return domain === "" ? undefined : { kind, domain };
  }
  if (kind === "pool-hang") {
    const pool = words.join(":");
    return pool === "" ? undefined : { kind, pool };
  }
  if (kind === "restart") {
    const [every = "", away, ...rest] = words;
    const everyMs = durationMs(every);
    const awayMs = away === undefined ? DEFAULT_AWAY_MS : durationMs(away);
    if (everyMs === undefined || everyMs === 0 || awayMs === undefined || rest.length > 0) return undefined;
    return { kind, everyMs, awayMs };
  }
  if (kind === "churn") {
    const [count = "", ...rest] = words;
    return /^[1-9]\d{0,3}$/.test(count) && rest.length === 0 ? { kind, perSecond: Number(count) } : undefined;
  }
  const ms = durationMs(words.at(-1) ?? "");
  if (kind !== "delay" || ms === undefined) return undefined;
  const target = words.slice(0, -1).join(":");
  if (words.length === 1) return { kind, ms };
  if (target === "") return undefined;
  const procedure = procedureFrom(target);
  return procedure === undefined ? { kind, ms, domain: target } : { kind, ms, procedure };
}

function durationMs(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d{1,8}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  return ms <= LONGEST_MS ? ms : undefined;
}
