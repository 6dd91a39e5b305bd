import type { LibvirtConnection } from "./connection.ts";
import { ControlProbe } from "./control-probe.ts";

/** Calls at monitors that are stuck or could get so: few of the daemon's workers, which are twenty for all clients. */
export const MONITOR_CALLS_LIMIT = 4;

/** Calls that a connection may have unanswered. */
const CALLS_LIMIT = 4;

/** As many bulk calls side by side as a daemon makes use of. */
const CALLS_AT_ONCE = 3;

/**
 * The connections to one hypervisor, and the account of calls that may go through its domains' monitors, where a
 * call is stuck for as long as a QEMU hangs.
 *
 * The daemon stops reading a connection with five unanswered calls, so one has three places for ordinary calls and
 * one for what is answered from memory, and each stuck call keeps its place. A second connection is opened when the
 * first has no place left. Over both there are never more than four calls at monitors, stuck ones included; so on
 * the second there is always a place for what cannot get stuck.
 */
export class Lanes {
  readonly main: LibvirtConnection;
  /** Looks at the ways to domains' QEMU. */
  readonly control = new ControlProbe(() => this.prompt());
  readonly #open: () => Promise<LibvirtConnection>;
  #reserve: LibvirtConnection | undefined;
  #opening: Promise<LibvirtConnection> | undefined;

  /** `open` makes the second connection when it is needed. */
  constructor(main: LibvirtConnection, open: () => Promise<LibvirtConnection>) {
    this.main = main;
    this.#open = open;
  }

  /** Calls that nobody waits for any more and that have not been answered. */
  get stuck(): number {
    return this.main.abandoned + (this.#reserve?.abandoned ?? 0);
  }

  /** How many calls may be at monitors at once, beside those that are stuck. */
  get monitorCalls(): number {
    return Math.min(CALLS_AT_ONCE, Math.max(0, MONITOR_CALLS_LIMIT - this.stuck));
  }

  /** A connection with a place for an ordinary call, which is to be used at once; undefined when it has to be made. */
  get free(): LibvirtConnection | undefined {
    return this.main.freePlaces > 0 ? this.main : this.#reserve;
  }

  /**
   * A connection with a place for an ordinary call.
   * @throws KvmeterError what connect() throws, when a second one is needed
   */
  async ordinary(): Promise<LibvirtConnection> {
    return this.free ?? this.#second();
  }

  /**
   * A connection with a place for a call that is answered from memory.
   * @throws KvmeterError what connect() throws, when a second one is needed
   */
  async prompt(): Promise<LibvirtConnection> {
    return this.main.outstanding < CALLS_LIMIT ? this.main : this.#second();
  }

  /** Says goodbye on both. Never rejects. */
  async close(): Promise<void> {
    const reserve = this.#reserve ?? (await this.#opening?.catch(() => undefined));
    await Promise.all([this.main.close(), reserve?.close()]);
  }

  async #second(): Promise<LibvirtConnection> {
    return (this.#reserve ??= await this.#openReserve());
  }

  #openReserve(): Promise<LibvirtConnection> {
    this.#opening ??= this.#open()
      .then((connection) => {
        void this.#forgetWhenClosed(connection);
        return connection;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  async #forgetWhenClosed(connection: LibvirtConnection): Promise<void> {
    await connection.closed;
    if (this.#reserve === connection) this.#reserve = undefined;
  }
}
