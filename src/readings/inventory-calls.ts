import { KvmeterError } from "../errors.ts";
import { LibvirtError, LibvirtErrorCode } from "../libvirt/errors.ts";
import type { Lanes } from "../libvirt/lanes.ts";
import type { Procedure } from "../libvirt/procedure.ts";
import { SingleCall } from "../libvirt/single-call.ts";

/** A call may be stuck for as long as a file server is gone. The longest time that a timer takes: 24 days. */
const UNWATCHED_TIMEOUT_MS = 2 ** 31 - 1;

/** What a daemon answers that has no storage or network driver, or whose driver is a daemon that does not run. */
const NO_DRIVER: ReadonlySet<number> = new Set([
  LibvirtErrorCode.noSupport,
  LibvirtErrorCode.noConnect,
  LibvirtErrorCode.systemError,
]);

/** No answer came in time; the call is left waiting for it. */
export const LATE = Symbol("late");

/**
 * The calls of one hypervisor's inventory, one at a time. A call that is not answered in time stays where it is and is
 * not made again before its answer has come, so each thing that cannot answer keeps one call of the daemon's and no
 * more.
 */
export class InventoryCalls {
  readonly #lanes: Lanes;
  readonly #timeoutMs: number;
  readonly #unanswered = new Map<string, SingleCall<unknown>>();

  constructor(lanes: Lanes, timeoutMs: number) {
    this.#lanes = lanes;
    this.#timeoutMs = timeoutMs;
  }

  /** Has this been asked, and not been answered yet? */
  isStuck(what: string): boolean {
    return this.#unanswered.get(what)?.isUnderWay === true;
  }

  /**
   * Asks `what`, which is stuck while this very call is unanswered.
   * @throws what call() throws
   */
  async ask<Arguments, Result>(
    what: string,
    procedure: Procedure<Arguments, Result>,
    args: Arguments,
  ): Promise<Result | typeof LATE> {
    if (this.isStuck(what)) return LATE;
    const call = new SingleCall<{ readonly result: Result }>();
    this.#unanswered.set(what, call);
    try {
      const answer = await call.within(this.#timeoutMs, async () => {
        const connection = await (procedure.priority ? this.#lanes.prompt() : this.#lanes.ordinary());
        return { result: await connection.call(procedure, args, { timeoutMs: UNWATCHED_TIMEOUT_MS }) };
      });
      return answer === undefined ? LATE : answer.result;
    } finally {
      if (!call.isUnderWay) this.#unanswered.delete(what);
    }
  }
}

/** Says the error that the daemon has nothing of the kind? */
export function hasNoDriver(error: unknown): boolean {
  return error instanceof LibvirtError && NO_DRIVER.has(error.libvirtCode);
}

/** Is this the answer for a thing that has gone since it was listed? */
export function isGone(error: unknown): boolean {
  const { noStoragePool, noNetwork } = LibvirtErrorCode;
  return error instanceof LibvirtError && [noStoragePool, noNetwork].includes(error.libvirtCode as 43 | 49);
}

/** Why a part of the inventory could not be read. */
export function inventoryProblem(what: string, reason: unknown): KvmeterError {
  if (reason === LATE) {
    const text = `Cannot read ${what}: libvirt does not answer; see whether its storage is there and virsh pool-list does`;
    return new KvmeterError("LIBVIRT_DEADLINE", text);
  }
  const words = reason instanceof Error ? reason.message : String(reason);
  const code = reason instanceof KvmeterError ? reason.code : "LIBVIRT_REPLY";
  return new KvmeterError(code, `Cannot read ${what}: ${words}`, { cause: reason });
}
