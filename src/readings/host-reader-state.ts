import type { Clock, Instant } from "../clock.ts";
import { KvmeterError } from "../errors.ts";
import type { HostFault, HostItems, HostReader, HostRoots } from "../host/host-reader.ts";
import { whyAbsent } from "../host/kernel-file.ts";
import type { HostReaderName } from "./host-scopes.ts";

type NamedReader = HostReader & { readonly name: HostReaderName };

interface StateOptions extends HostRoots {
  /** 0: at every cycle. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly onAbsent: (note: string) => void;
}

/** What a reader read, and when. */
interface LastRead {
  readonly at: Instant;
  readonly items: HostItems;
}

/** Cycles do not come to the millisecond; a reader that is due within this share of its interval is read now. */
const EARLY_SHARE = 0.1;

/** One reader between its readings. */
export class HostReaderState {
  readonly name: HostReaderName;
  readonly #reader: NamedReader;
  readonly #options: StateOptions;
  #last: LastRead | undefined;
  #problems: readonly Error[] = [];
  #readAtMs: number | undefined;
  #isUnderWay = false;
  #isAbsent = false;

  constructor(reader: NamedReader, options: StateOptions) {
    this.name = reader.name;
    this.#reader = reader;
    this.#options = options;
  }

  /** What was read last; undefined before that, and while a reading hangs. */
  get last(): LastRead | undefined {
    return this.#isUnderWay ? undefined : this.#last;
  }

  /** What is wrong with what was read last. */
  get problems(): readonly Error[] {
    if (!this.#isUnderWay) return this.#problems;
    const path = inRoots(this.#reader.file, this.#options);
    const message = `Cannot read ${path} in time: still waiting for it; until it answers, host.readers.${this.name} is left out`;
    return [new KvmeterError("HOST_FILE", message)];
  }

  /** Is it time to read it? A reading that hangs is not begun again. */
  isDue(nowMs: number): boolean {
    const { intervalMs } = this.#options;
    const before = this.#readAtMs;
    return !this.#isUnderWay && (before === undefined || nowMs - before >= intervalMs * (1 - EARLY_SHARE));
  }

  /** Reads it. Never rejects. */
  async read(nowMs: number): Promise<void> {
    const { procfs, sysfs, clock } = this.#options;
    const faults: HostFault[] = [];
    this.#isUnderWay = true;
    this.#readAtMs = nowMs;
    try {
      const items = await this.#reader.read({ procfs, sysfs, onFault: (fault) => void faults.push(fault) });
      this.#last = { at: clock.now(), items: items ?? {} };
      this.#problems = faults.map(toError);
      await this.#noteAbsence(items === undefined && faults.length === 0);
    } catch (thrown) {
      const path = inRoots(this.#reader.file, this.#options);
      const message = `Cannot read ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      this.#last = undefined;
      this.#problems = [new KvmeterError("HOST_FILE", message, { cause: thrown })];
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** Once, not in every cycle: what is not there today is most likely not there tomorrow. */
  async #noteAbsence(isAbsent: boolean): Promise<void> {
    const wasAbsent = this.#isAbsent;
    this.#isAbsent = isAbsent;
    if (!isAbsent || wasAbsent) return;
    const { file, needs } = this.#reader;
    const path = inRoots(file, this.#options);
    const why = await whyAbsent(path);
    this.#options.onAbsent(
      `Nothing is told of the host's ${this.name}: current value of ${path} is ${why}. It needs ${needs}; ` +
        `host.readers.${this.name}.enabled: false says that it is not wanted`,
    );
  }
}

function inRoots(file: string, { procfs, sysfs }: HostRoots): string {
  return file.replace("{procfs}", procfs).replace("{sysfs}", sysfs);
}

function toError({ file, line, what }: HostFault): Error {
  const place = line === undefined ? file : `${file}, line ${line}`;
  return new KvmeterError("HOST_FILE", `Cannot read all of ${place}: ${what}`);
}
