import { hostname } from "node:os";
import { dirname } from "node:path";

import { Backoff } from "../backoff.ts";
import { type ErrorCode, KvmeterError } from "../errors.ts";
import { readMachineId } from "../host/machine-id.ts";
import type { Integer } from "../integer.ts";
import { connect } from "../libvirt/connect.ts";
import type { LibvirtConnection } from "../libvirt/connection.ts";
import { Lanes } from "../libvirt/lanes.ts";
import { getHostname } from "../libvirt/procedures/get-hostname.ts";
import { SingleCall } from "../libvirt/single-call.ts";
import type { LibvirtStatistics } from "../libvirt/statistics.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { parseLibvirtUri } from "../libvirt/uri.ts";
import { within } from "../within.ts";
import { createProcessFinder, NO_PROCESSES, type ProcessFinder } from "./domain-process.ts";
import type { HypervisorIdentity } from "./domain.ts";
import { type EventListener, listen } from "./event-subscription.ts";
import { type HypervisorFacts, readHypervisorFacts } from "./hypervisor-facts.ts";

export interface ConnectorOptions {
  /** As `virsh -c` takes it. */
  readonly uri: string;
  /** For connecting as a whole, and for each call. */
  readonly timeoutMs: number;
  readonly calls: LibvirtStatistics;
  /** Where the kernel shows this machine's processes; /proc unless given. */
  readonly procfs?: string | undefined;
  /** Who wants to know what happens to domains. */
  readonly listener?: EventListener | undefined;
}

/** What is there for as long as the daemon is. */
export interface HypervisorSession {
  readonly lanes: Lanes;
  readonly identity: HypervisorIdentity;
  readonly facts: HypervisorFacts;
  /** Does the hypervisor run on this machine? */
  readonly isLocal: boolean;
  readonly processes: ProcessFinder;
  readonly list: SingleCall<DomainRef[]>;
  /** Any call that the daemon answers at once. */
  readonly ping: SingleCall<Integer>;
}

/** How long a cycle waits for a daemon that did not let us in the last time. */
const PATIENCE_MS = 250;

/** An attempt that no daemon notices costs nobody anything, and is made in every cycle. */
const UNNOTICED: ReadonlySet<ErrorCode> = new Set([
  "LIBVIRT_SOCKET_MISSING",
  "LIBVIRT_SOCKET_REFUSED",
  "LIBVIRT_SOCKET_PERMISSION",
]);

/**
 * Connects to a hypervisor, and again when the connection was lost. A daemon that is there but does not let us in is
 * tried less and less often, beside the cycles, which do not wait for it.
 */
export class HypervisorConnector {
  readonly #options: ConnectorOptions;
  readonly #backoff = new Backoff({ firstMs: 1000, limitMs: 60_000 });
  readonly #closing = new AbortController();
  #identity: HypervisorIdentity | undefined;
  #session: HypervisorSession | undefined;
  #attempt: Promise<void> | undefined;
  #failure: Error | undefined;
  #isPatient = true;
  #notBeforeMs = 0;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Who the hypervisor is, or is taken for before the first connection; undefined before the first attempt. */
  get identity(): HypervisorIdentity | undefined {
    return this.#identity;
  }

  /** Undefined while the daemon is away. */
  get session(): HypervisorSession | undefined {
    return this.#session;
  }

  /**
   * The session, connecting when there is none. Waits for the first attempt after a good time as long as a call may
   * take, for others a moment only: what comes later is there for the next cycle.
   * @throws KvmeterError what connect() throws; while no attempt is made, what the last one threw
   */
  async connected(signal: AbortSignal): Promise<HypervisorSession> {
    if (this.#session !== undefined) return this.#session;
    this.#identity ??= await guessIdentity(this.#options.uri);
    if (this.#attempt === undefined) {
      if (performance.now() < this.#notBeforeMs && this.#failure !== undefined) throw this.#failure;
      this.#attempt = this.#connect();
    }
    await within(this.#attempt, this.#isPatient ? this.#options.timeoutMs : PATIENCE_MS, signal);
    // Whoever waited once for nothing has waited enough.
    this.#isPatient &&= this.#attempt === undefined;
    // It may have come and gone meanwhile.
    const session = this.#session as HypervisorSession | undefined;
    if (session !== undefined) return session;
    throw this.#failure ?? stillConnecting(this.#options.uri);
  }

  /** Says goodbye, and gives up an attempt that is under way. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort(new KvmeterError("LIBVIRT_DISCONNECTED", "the connection was closed"));
    await this.#attempt;
    const session = this.#session;
    this.#session = undefined;
    await session?.lanes.close();
  }

  /** Never rejects: what came of it is in the fields. */
  async #connect(): Promise<void> {
    try {
      const session = await this.#open();
      this.#session = session;
      this.#identity = session.identity;
      this.#failure = undefined;
      this.#isPatient = true;
      this.#backoff.reset();
      void this.#forgetWhenClosed(session);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#failure = error;
      if (!(error instanceof KvmeterError && UNNOTICED.has(error.code))) {
        this.#isPatient = false;
        this.#notBeforeMs = performance.now() + this.#backoff.nextMs();
      }
    } finally {
      this.#attempt = undefined;
    }
  }

  async #open(): Promise<HypervisorSession> {
    const connection = await this.#dial();
    try {
      const { signal } = this.#closing;
      const { socketPath } = connection;
      const { listener } = this.#options;

      const [hostName, facts, hostId] = await Promise.all([
        connection.call(getHostname, undefined, { signal }),
        readHypervisorFacts(connection, signal),
        socketPath === undefined ? undefined : readMachineId(),
        // Before anything is listed: what comes later is told by events.
        listener && listen(connection, listener),
      ]);
      const processes =
        socketPath === undefined
          ? NO_PROCESSES
          : createProcessFinder({ runDirectory: dirname(socketPath), procfs: this.#options.procfs });
      const lanes = new Lanes(connection, () => this.#dial());
      const calls = { list: new SingleCall<DomainRef[]>(), ping: new SingleCall<Integer>() };
      const isLocal = socketPath !== undefined && facts.driver === "QEMU";
      return { lanes, identity: { hostName, hostId }, facts, isLocal, processes, ...calls };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  #dial(): Promise<LibvirtConnection> {
    const { uri, timeoutMs, calls: statistics } = this.#options;
    return connect(uri, { timeoutMs, statistics, signal: this.#closing.signal });
  }

  async #forgetWhenClosed(session: HypervisorSession): Promise<void> {
    await session.lanes.main.closed;
    if (this.#session === session) this.#session = undefined;
    await session.lanes.close();
  }
}

/** Of a daemon that has not been reached yet: the host that the URI names, else this one. */
async function guessIdentity(uri: string): Promise<HypervisorIdentity> {
  const { host } = parseLibvirtUri(uri);
  return host === undefined
    ? { hostName: hostname(), hostId: await readMachineId() }
    : { hostName: host, hostId: undefined };
}

function stillConnecting(uri: string): KvmeterError {
  return new KvmeterError("LIBVIRT_DEADLINE", `Cannot connect to ${uri}: the daemon has not let us in yet`);
}
