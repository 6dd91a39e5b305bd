import { type ErrorCode, KvmeterError, messageOf } from "../errors.ts";
import { LibvirtError } from "./errors.ts";
import type { DomainRef } from "./types.ts";

/** What went wrong with some domains. */
export interface Failure {
  readonly domains: readonly Pick<DomainRef, "name">[];
  readonly error: unknown;
}

/**
 * One problem for each kind of error, which names the first few of its domains: what goes wrong on a large host goes
 * wrong with thousands. `what` is what could not be read of them.
 */
export function problemsOf(what: string, failures: readonly Failure[]): KvmeterError[] {
  return Array.from(Map.groupBy(failures, kindOf).values(), (alike) => {
    const error = alike[0]?.error;
    const code: ErrorCode = error instanceof KvmeterError ? error.code : "LIBVIRT_REPLY";
    const names = nameSome(alike.flatMap(({ domains }) => domains));
    return new KvmeterError(code, `Cannot read ${what} of ${names}: ${messageOf(error)}`, { cause: error });
  });
}

/** Domains in words, however many they are. */
export function nameSome(domains: readonly Pick<DomainRef, "name">[]): string {
  const named = domains.slice(0, 3).map(({ name }) => name);
  const others = domains.length - named.length;
  return others > 0 ? `${named.join(", ")} and ${others} more` : named.join(", ");
}

function kindOf({ error }: Failure): unknown {
  if (error instanceof LibvirtError) return error.libvirtCode;
  return error instanceof KvmeterError ? error.code : undefined;
}
