import type { Environment } from "../config/variables.ts";
import { messageOf } from "../errors.ts";
import { type Course, judgeHealth, judgeReadiness } from "../local-endpoint/health.ts";
import type { Logger } from "../log.ts";
import { systemdNotify } from "./notify.ts";

export interface ServiceManagerOptions {
  readonly course: () => Course;
  readonly log: Logger;
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;
}

/**
 * systemd, where kvmeter is a service of it: it learns that the first cycle has ended (`Type=notify`), from then on that
 * cycles go on (`WatchdogSec=`) and what works, and that kvmeter stops. An agent without a cycle for three intervals says
 * nothing more, and is restarted.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #env: Environment;
  #heartbeat: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;
  #ready = false;
  #failed = false;

  private constructor(env: Environment, options: ServiceManagerOptions) {
    this.#env = env;
    this.#options = options;
  }

  /** Undefined where nobody wants to be told. */
  static of(env: Environment, options: ServiceManagerOptions): ServiceManager | undefined {
    return env["NOTIFY_SOCKET"] === undefined ? undefined : new ServiceManager(env, options);
  }

  /** Says that the service is ready until that could be said: one that is not in time is ended. */
  cycleEnded(): void {
    if (this.#ready) return;
    this.#tell(["READY=1", this.#status()], () => {
      this.#ready = true;
    });
    const periodMs = watchdogMs(this.#env);
    // Half the time, as sd_watchdog_enabled(3) recommends.
    if (periodMs !== undefined) this.#heartbeat ??= setInterval(() => this.#beat(), periodMs / 2).unref();
  }

  /** Resolves when it has been said, or could not be. */
  async stopping(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#telling;
    this.#tell(["STOPPING=1"]);
    await this.#telling;
  }

  #beat(): void {
    const { course, log } = this.#options;
    const { good, reason } = judgeHealth(course());
    if (good) this.#tell(["WATCHDOG=1", this.#status()]);
    else log.warn({ reason }, "does not tell the service manager that all is well");
  }

  #status(): string {
    const { course, hide } = this.#options;
    return `STATUS=${hide(judgeReadiness(course()).reason)}`;
  }

  /** One after the other: a message that takes longer than a heartbeat is not followed by a second one. */
  #tell(assignments: readonly string[], onTold: () => void = () => {}): void {
    if (this.#telling !== undefined) return;
    this.#telling = systemdNotify(assignments, this.#env)
      .then(onTold)
      .catch((error: unknown) => {
        const problem = `Cannot tell the service manager: ${messageOf(error)}; the unit needs Type=exec without WatchdogSec= where there is no systemd-notify`;
        if (!this.#failed) this.#options.log.warn({ problem }, "service manager is not told");
        this.#failed = true;
      })
      .finally(() => {
        this.#telling = undefined;
      });
  }
}

/** How often a sign of life is due; undefined when it is not, or due of another process. */
function watchdogMs({ WATCHDOG_USEC: period, WATCHDOG_PID: pid }: Environment): number | undefined {
  if (period === undefined || !/^[1-9]\d{0,15}$/.test(period)) return undefined;
  return pid === undefined || pid === String(process.pid) ? Number(period) / 1000 : undefined;
}
