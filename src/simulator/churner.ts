/** A domain that comes and goes. */
export interface Churn {
  readonly everyS: number;
  readonly livesS: number;
}

/** More often than this nothing is done: then more at a time. */
const TICK_MS = 20;

/** Creates domains at a steady rate and destroys each at the end of its life. */
export class Churner {
  readonly #create: () => string;
  readonly #destroy: (uuid: string) => void;
  readonly #churn: Churn;
  readonly #begunMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** Of those that live, the eldest first. */
  readonly #alive: { readonly uuid: string; readonly endMs: number }[] = [];
  #born = 0;

  /** `create` makes a domain and gives its uuid. */
  constructor(churn: Churn, create: () => string, destroy: (uuid: string) => void) {
    this.#churn = churn;
    this.#create = create;
    this.#destroy = destroy;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** No other domain comes or goes from now on. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { everyS, livesS } = this.#churn;
    const nowMs = performance.now();
    while (this.#alive[0] !== undefined && this.#alive[0].endMs <= nowMs) {
      this.#destroy(this.#alive[0].uuid);
      this.#alive.shift();
    }
    const due = Math.floor((nowMs - this.#begunMs) / (everyS * 1000));
    while (this.#born < due) {
      this.#born += 1;
      this.#alive.push({ uuid: this.#create(), endMs: nowMs + livesS * 1000 });
    }
  }
}
