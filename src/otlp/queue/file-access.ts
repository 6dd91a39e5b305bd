import { KvmeterError, messageOf } from "../../errors.ts";
import type { StoreOptions } from "./contract.ts";
import type { QueueClock } from "./queue-time.ts";
import { isDamaged } from "./sqlite-errors.ts";
import { type OpenedFile, replaceDamagedFile, type StateDirectory } from "./state-directory.ts";
import type { StateFile } from "./state-file.ts";

/** How long to leave a file alone that could not be opened or written. */
const RETRY_MS = 10_000;

interface FileAccessOptions {
  readonly log: StoreOptions["log"];
  readonly clock: QueueClock;
  /** What the batches of one destination may take in memory while there is no file. */
  readonly maxMemoryBytes: number;
  /** Called when a damaged file was replaced, or has to be closed, with what could be kept of its batches. */
  readonly onReplaced: (batches: OpenedFile["batches"]) => void;
}

/**
 * The file of a state directory as far as it can be used: tried again later where it cannot be opened or written,
 * replaced where it is damaged. The log says each change once.
 */
export class FileAccess {
  readonly #directory: StateDirectory;
  readonly #options: FileAccessOptions;
  #file: StateFile | undefined;
  /** What keeps the file from being used, as far as the log is concerned. */
  #problem: string | undefined;
  #retryAtMs = 0;
  #wasTried = false;

  constructor(directory: StateDirectory, options: FileAccessOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Can it be written, as far as is known? */
  get isWell(): boolean {
    return this.#file !== undefined && this.#problem === undefined;
  }

  /** Is it open, and no longer in the directory? */
  get isGone(): boolean {
    return this.#file?.isInPlace === false;
  }

  /** Is it still left alone after a failure? */
  get isWaiting(): boolean {
    return this.#problem !== undefined && this.#options.clock.uptimeMs() < this.#retryAtMs;
  }

  /** Lets the next use be at once. */
  hurry(): void {
    this.#retryAtMs = 0;
  }

  /**
   * Opens the file; undefined where it cannot be.
   *
   * @throws KvmeterError STATE_IN_USE the first time. Later it is no reason to stop: the agent has been collecting
   * without the directory all along.
   */
  open(): OpenedFile | undefined {
    const isFirst = !this.#wasTried;
    this.#wasTried = true;
    try {
      const opened = this.#directory.open();
      this.#file = opened.file;
      return opened;
    } catch (error) {
      if (error instanceof KvmeterError && isFirst) throw error;
      this.fail(error);
      return undefined;
    }
  }

  /**
   * Does something with the file, if need be with the one that takes the place of a damaged one; undefined without any.
   *
   * @throws what SQLite says, but not that the file is damaged
   */
  use<Result>(action: (file: StateFile) => Result): Result | undefined {
    if (this.#file === undefined) return undefined;
    try {
      return action(this.#file);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      const file = this.#replace(error);
      return file === undefined ? undefined : action(file);
    }
  }

  /** {@link use} to write; false where it could not be done. */
  write(action: (file: StateFile) => void): boolean {
    try {
      const isDone = this.use((file) => {
        action(file);
        return true;
      });
      if (isDone !== true) return false;
    } catch (error) {
      this.fail(error);
      return false;
    }
    if (this.#problem !== undefined) {
      this.#problem = undefined;
      this.#options.log.info({ directory: this.#directory.path }, "The state directory can be written again");
    }
    return true;
  }

  /** Leaves the file alone for a while, and says why. */
  fail(error: unknown): void {
    const { log, clock, maxMemoryBytes } = this.#options;
    this.#retryAtMs = clock.uptimeMs() + RETRY_MS;
    const isNew = this.#problem === undefined;
    this.#problem = messageOf(error);
    if (!isNew) return;
    const limit = `${Math.floor(maxMemoryBytes / 2 ** 20)} MiB`;
    log.warn(
      { directory: this.#directory.path },
      `Cannot write to the state directory: ${this.#problem}: queueing in memory, at most ${limit} for each ` +
        `destination, until it can be written`,
    );
  }

  /** Closes a file that is gone, after `takeBack` has read what it can of it. */
  leave(takeBack: (read: (id: number) => Uint8Array | undefined) => void): void {
    this.#options.log.warn(
      { directory: this.#directory.path },
      "The state directory was removed, or another is in its place: what is queued is written anew, as far as memory has room",
    );
    const file = this.#file;
    takeBack((id) => {
      try {
        return file?.read(id);
      } catch {
        return undefined;
      }
    });
    this.close();
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#directory.release();
  }

  /** Sets a damaged file aside and goes on with a new one, with everything that could still be read in it. */
  #replace(damage: unknown): StateFile | undefined {
    this.#file?.close();
    this.#file = undefined;
    try {
      const { file, batches } = replaceDamagedFile(this.#directory, damage);
      this.#file = file;
      this.#options.onReplaced(batches);
      return file;
    } catch (error) {
      // When it can be replaced later, what it holds is found as after a start.
      this.#options.onReplaced(new Map());
      this.fail(error);
      return undefined;
    }
  }
}
