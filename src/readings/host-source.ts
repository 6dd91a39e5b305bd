import { hostname, machine } from "node:os";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";

import type { Clock, Instant } from "../clock.ts";
import type { HostReader, HostRoots } from "../host/host-reader.ts";
import { readMachineId } from "../host/machine-id.ts";
import { isContainersProcfs } from "../host/namespaces.ts";
import { readProcStat } from "../host/proc-stat.ts";
import type { HypervisorIdentity } from "./domain.ts";
import { HostReaderState } from "./host-reader-state.ts";
import type { HostReaderName } from "./host-scopes.ts";
import type { HostReading } from "./host.ts";
import type { StatisticsGroup } from "./statistics-fields.ts";
import type { StatisticsItem, StatisticsScope } from "./statistics.ts";

export interface HostSourceOptions extends HostRoots {
  readonly readers: readonly (HostReader & { readonly name: HostReaderName })[];
  /** How often a reader is read, where that is not how the reader itself has it. */
  readonly intervalsMs?: Readonly<Partial<Record<HostReaderName, number>>>;
  readonly clock: Clock;
  /** Is told once that a reader has nothing to read, which most likely stays so. */
  readonly onAbsent: (note: string) => void;
  /** Is told once that what is read is not the host's. */
  readonly onContainer: (note: string) => void;
  /** How long a cycle waits for its readers; {@link READERS_WAIT_MS} unless given. */
  readonly waitMs?: number;
}

/** A reader that takes longer is set aside until it is done, and the others' cycle goes on without it. */
export const READERS_WAIT_MS = 2000;

interface Identity {
  readonly identity: HypervisorIdentity;
  readonly bootedAtNs: bigint | undefined;
}

/** Reads the host: all readers side by side, each at its own interval. */
export class HostSource {
  readonly name = "host";
  readonly #options: HostSourceOptions;
  readonly #states: readonly HostReaderState[];
  /** Undefined until it could be read. */
  #identity: Identity | undefined;

  constructor(options: HostSourceOptions) {
    this.#options = options;
    const { readers, intervalsMs = {} } = options;
    this.#states = readers.map(
      (reader) =>
        new HostReaderState(reader, {
          ...options,
          intervalMs: intervalsMs[reader.name] ?? reader.intervalMs ?? 0,
        }),
    );
  }

  /** One reading: what is due anew, all else as it was last read. Never rejects for what one reader cannot do. */
  async read(signal: AbortSignal): Promise<HostReading> {
    const { clock, waitMs = READERS_WAIT_MS } = this.#options;
    const { identity, bootedAtNs } = (this.#identity ??= await this.#identify());
    const { monotonicMs } = clock.now();
    const due = this.#states.filter((state) => state.isDue(monotonicMs));
    const timer = new AbortController();
    const tooLate = sleep(waitMs, undefined, { signal: AbortSignal.any([timer.signal, signal]) });
    await Promise.race([
      Promise.all(due.map((state) => state.read(monotonicMs))),
      // Where this process itself was held up, what was read is there and only has to be taken.
      tooLate.then(
        () => setImmediate(undefined),
        () => undefined,
      ),
    ]);
    timer.abort();
    signal.throwIfAborted();
    const readAt: Partial<Record<StatisticsGroup, Instant>> = {};
    const items: Partial<Record<StatisticsScope, readonly StatisticsItem<StatisticsScope>[]>> = {};
    for (const state of this.#states) {
      const { last } = state;
      if (last === undefined) continue;
      readAt[state.name] = last.at;
      Object.assign(items, last.items);
    }
    return {
      identity,
      architecture: machine(),
      bootedAtNs,
      statistics: { readAt, items },
      problems: this.#states.flatMap((state) => state.problems),
    };
  }

  /** Holds nothing. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #identify(): Promise<Identity> {
    const { procfs, onContainer } = this.#options;
    const [hostId, stat, isContainers] = await Promise.all([
      readMachineId(),
      readProcStat(procfs),
      isContainersProcfs(procfs),
    ]);
    if (isContainers) {
      onContainer(
        `Cannot see the host's processes, mounts and network through ${procfs}: current value is the /proc of a ` +
          "container. Mount the host's /proc and /sys into it and name them, such as --procfs /host/proc " +
          "--sysfs /host/sys, or give it the host's PID and network namespaces",
      );
    }
    const bootTimeS = stat?.bootTimeS;
    return {
      identity: { hostName: hostname(), hostId },
      bootedAtNs: bootTimeS === undefined ? undefined : BigInt(bootTimeS) * 1_000_000_000n,
    };
  }
}
