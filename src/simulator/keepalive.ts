/** How the daemon watches over a silent client: keepalive_interval and keepalive_count of libvirtd.conf. */
export interface KeepaliveTiming {
  readonly intervalMs: number;
  readonly count: number;
}

/** libvirtd's defaults: a ping every 5 s of silence, the end when the sixth would be due. */
export const KEEPALIVE_DEFAULTS: KeepaliveTiming = { intervalMs: 5000, count: 5 };

/** The daemon's side of keepalive on one connection. Whatever the client sends is a sign of life. */
export class ServerKeepalive {
  readonly #timing: KeepaliveTiming;
  readonly #actions: { readonly ping: () => void; readonly dead: () => void };
  #timer: NodeJS.Timeout | undefined;
  #left: number;

  constructor(timing: KeepaliveTiming, actions: { readonly ping: () => void; readonly dead: () => void }) {
    this.#timing = timing;
    this.#actions = actions;
    this.#left = timing.count;
  }

  start(): void {
    this.#timer ??= setTimeout(() => this.#silent(), this.#timing.intervalMs).unref();
  }

  received(): void {
    this.#left = this.#timing.count;
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #silent(): void {
    if (this.#left === 0) {
      this.#actions.dead();
      return;
    }
    this.#left -= 1;
    this.#actions.ping();
    this.#timer?.refresh();
  }
}
