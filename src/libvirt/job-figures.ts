import { add, type Integer } from "../integer.ts";
import { beginningOf } from "./beginning-of.ts";
import { enumName } from "./events/names.ts";
import type { TypedParameter } from "./types.ts";

/** REMOTE_DOMAIN_JOB_STATS_MAX: parameters of one job. */
export const JOB_PARAMETERS_LIMIT = 64;

/** A job is told in some words: a longer text than this is cut. */
const TEXT_LIMIT = 1024;

/**
 * What libvirt tells of a domain's job, while it runs and at its end (VIR_DOMAIN_JOB_* in libvirt/libvirt-domain.h).
 * What it did not send is undefined.
 */
export interface JobFigures {
  /** virDomainJobOperation by name: migration_out, dump, backup. */
  readonly operation: string;
  readonly elapsedMs: Integer | undefined;
  /** How long the guest stood still, or will by the present estimate. */
  readonly downtimeMs: Integer | undefined;
  /** Memory and disks together. A job that sends changed memory again can process more than the total. */
  readonly totalBytes: Integer | undefined;
  readonly processedBytes: Integer | undefined;
  readonly remainingBytes: Integer | undefined;
  /** At the end only, and not of every job. */
  readonly success: boolean | undefined;
  readonly errorText: string | undefined;
}

/** Picks a job's figures out of its parameters. */
export function jobFigures(parameters: readonly TypedParameter[]): JobFigures {
  const values = new Map(parameters.map(({ field, value }) => [field, value]));
  const number = (field: string): Integer | undefined => {
    const value = values.get(field);
    return typeof value === "number" || typeof value === "bigint" ? value : undefined;
  };
  // A dump tells of memory alone, a backup of disks alone, a migration of both and of their sum.
  const bytes = (what: string): Integer | undefined => {
    const memory = number(`memory_${what}`);
    const disk = number(`disk_${what}`);
    return (
      number(`data_${what}`) ??
      (memory === undefined || disk === undefined ? (memory ?? disk) : add(memory, disk))
    );
  };
  const success = values.get("success");
  const errorText = values.get("errmsg");
  return {
    operation: enumName("jobOperation", Number(number("operation") ?? 0)),
    elapsedMs: number("time_elapsed"),
    // Between hosts whose clocks can be compared there is the first, else the time without what was on the network.
    downtimeMs: number("downtime") ?? number("downtime_net"),
    totalBytes: bytes("total"),
    processedBytes: bytes("processed"),
    remainingBytes: bytes("remaining"),
    success: typeof success === "boolean" ? success : undefined,
    errorText: typeof errorText === "string" ? beginningOf(errorText, TEXT_LIMIT) : undefined,
  };
}
