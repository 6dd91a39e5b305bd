const SERIAL_LIMIT = 0xffff_ffff;

/** What the queue must know of a call. */
export interface QueuedCall {
  /** See Procedure. */
  readonly priority: boolean;
  /** Nobody waits for it any more. */
  readonly abandoned: boolean;
}

/**
 * Which call may go to the daemon, and which ones it has. The daemon stops reading a connection that has five calls
 * in flight, and a call behind a hung QEMU is in flight for as long as it hangs; so a call keeps its place until its
 * answer is there, however late, and ordinary calls leave one place to priority calls, which cannot get stuck.
 */
export class CallQueue<Call extends QueuedCall> {
  readonly #maxOutstanding: number;
  readonly #waitingPriority = new Set<Call>();
  readonly #waitingOrdinary = new Set<Call>();
  readonly #outstanding = new Map<number, Call>();
  #outstandingOrdinary = 0;
  #serial: number;

  constructor(maxOutstanding: number, lastSerial = 0) {
    this.#maxOutstanding = maxOutstanding;
    this.#serial = lastSerial;
  }

  /** How many calls the daemon has. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** How many more ordinary calls could go to the daemon at once. */
  get freePlaces(): number {
    const places = this.#maxOutstanding - 1 - this.#outstandingOrdinary - this.#waitingOrdinary.size;
    return Math.max(0, Math.min(places, this.#maxOutstanding - this.outstanding));
  }

  /** How many of them nobody waits for. */
  get abandoned(): number {
    let count = 0;
    for (const call of this.#outstanding.values()) if (call.abandoned) count += 1;
    return count;
  }

  /** Every call, at the daemon or waiting. */
  all(): Call[] {
    return [...this.#outstanding.values(), ...this.#waitingPriority, ...this.#waitingOrdinary];
  }

  add(call: Call): void {
    (call.priority ? this.#waitingPriority : this.#waitingOrdinary).add(call);
  }

  /** A waiting call leaves; one at the daemon stays there. */
  withdraw(call: Call): void {
    this.#waitingPriority.delete(call);
    this.#waitingOrdinary.delete(call);
  }

  /** The next call that may go, with its serial; from now on the daemon has it. Priority calls go first. */
  next(): { serial: number; call: Call } | undefined {
    if (this.outstanding >= this.#maxOutstanding) return undefined;
    const ordinaryMayGo = this.#outstandingOrdinary < this.#maxOutstanding - 1;
    const waiting =
      this.#waitingPriority.size > 0 || !ordinaryMayGo ? this.#waitingPriority : this.#waitingOrdinary;
    const [call] = waiting;
    if (call === undefined) return undefined;
    waiting.delete(call);
    if (!call.priority) this.#outstandingOrdinary += 1;
    const serial = this.#nextSerial();
    this.#outstanding.set(serial, call);
    return { serial, call };
  }

  /** The call that the daemon has under this serial. */
  find(serial: number): Call | undefined {
    return this.#outstanding.get(serial);
  }

  /** Its answer has come: the place is free. */
  answered(serial: number): void {
    const call = this.#outstanding.get(serial);
    this.#outstanding.delete(serial);
    if (call?.priority === false) this.#outstandingOrdinary -= 1;
  }

  /** The connection is gone, and the daemon's calls with it. */
  clear(): void {
    this.#waitingPriority.clear();
    this.#waitingOrdinary.clear();
    this.#outstanding.clear();
    this.#outstandingOrdinary = 0;
  }

  /** 0 is for events. After 2^32 calls a stuck one can still hold its number. */
  #nextSerial(): number {
    do this.#serial = this.#serial === SERIAL_LIMIT ? 1 : this.#serial + 1;
    while (this.#outstanding.has(this.#serial));
    return this.#serial;
  }
}
