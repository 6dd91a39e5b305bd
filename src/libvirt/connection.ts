import type { KvmeterError } from "../errors.ts";
import type { EventDefinition } from "./events/event.ts";
import { EventSubscriptions, type Unsubscribe } from "./events/subscriptions.ts";
import { type LibvirtFeatures, openHypervisor } from "./open.ts";
import type { Procedure } from "./procedure.ts";
import { connectClose } from "./procedures/connect-close.ts";
import { deregisterDomainEvent } from "./procedures/deregister-domain-event.ts";
import { registerDomainEvent } from "./procedures/register-domain-event.ts";
import { type CallOptions, RpcClient, type RpcOptions } from "./rpc.ts";
import type { LibvirtStatistics } from "./statistics.ts";
import type { Transport } from "./transport.ts";
import type { LibvirtUri } from "./uri.ts";

/** How long the daemon may take to say goodbye. */
const CLOSE_TIMEOUT_MS = 1000;

export interface ConnectionOptions extends RpcOptions {
  readonly uri: LibvirtUri;
  readonly readOnly: boolean;
  /** For opening as a whole. */
  readonly openTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An open connection to a hypervisor. It does not reconnect: when it has ended, connect again. */
export class LibvirtConnection implements AsyncDisposable {
  /** As it was given to connect(). */
  readonly uri: string;
  readonly readOnly: boolean;
  /** The daemon's socket on this machine; undefined when the daemon may be on another. */
  readonly socketPath: string | undefined;
  readonly features: LibvirtFeatures;
  readonly #rpc: RpcClient;
  readonly #subscriptions: EventSubscriptions;
  #closing: Promise<void> | undefined;

  private constructor(
    options: ConnectionOptions,
    features: LibvirtFeatures,
    parts: { rpc: RpcClient; subscriptions: EventSubscriptions; socketPath: string | undefined },
  ) {
    this.uri = options.uri.text;
    this.readOnly = options.readOnly;
    this.features = features;
    this.socketPath = parts.socketPath;
    this.#rpc = parts.rpc;
    this.#subscriptions = parts.subscriptions;
  }

  /**
   * Opens the hypervisor over a transport that is connected; ends the transport when that fails.
   * @throws KvmeterError LIBVIRT_AUTHENTICATION, and what call() throws
   */
  static async open(transport: Transport, options: ConnectionOptions): Promise<LibvirtConnection> {
    const subscriptions: EventSubscriptions = new EventSubscriptions({
      register: (eventId) => rpc.call(registerDomainEvent, { eventId, domain: undefined }),
      deregister: async (callbackId) => rpc.call(deregisterDomainEvent, { callbackId }),
    });
    const rpc = new RpcClient(transport, options, (procedure, reader) => {
      try {
        subscriptions.dispatch(procedure, reader);
      } catch {
        rpc.statistics.countDroppedEvent();
      }
    });
    try {
      const { readOnly, openTimeoutMs, signal } = options;
      const features = await openHypervisor(rpc, {
        uri: options.uri.openUri,
        readOnly,
        timeoutMs: openTimeoutMs,
        signal,
      });
      return new LibvirtConnection(options, features, {
        rpc,
        subscriptions,
        socketPath: transport.socketPath,
      });
    } catch (error) {
      rpc.abort();
      throw error;
    }
  }

  /** Resolves when the connection ended: with the reason, or with undefined after close(). Never rejects. */
  get closed(): Promise<KvmeterError | undefined> {
    return this.#rpc.closed;
  }

  /** Counters of calls; shared with other connections when it was an option of connect(). */
  get statistics(): LibvirtStatistics {
    return this.#rpc.statistics;
  }

  /** Calls at the daemon without an answer, those past their deadline included. Never more than four. */
  get outstanding(): number {
    return this.#rpc.outstanding;
  }

  /** Ordinary calls that could be made now without waiting for others' answers. */
  get freePlaces(): number {
    return this.#rpc.freePlaces;
  }

  /** Calls past their deadline whose answer has not come yet: workers of the daemon that may be stuck. */
  get abandoned(): number {
    return this.#rpc.abandoned;
  }

  /**
   * One call. Calls run side by side, up to three ordinary ones and, beside them, one more of high priority; the
   * rest wait for their turn within their own deadline.
   * @throws LibvirtError (code LIBVIRT_REPLY) the daemon's answer is an error; LibvirtDeadlineError (code
   * LIBVIRT_DEADLINE); KvmeterError LIBVIRT_PROTOCOL, LIBVIRT_DISCONNECTED; the signal's reason when it is aborted
   */
  call<Result>(
    procedure: Procedure<undefined, Result>,
    args?: undefined,
    options?: CallOptions,
  ): Promise<Result>;
  call<Arguments, Result>(
    procedure: Procedure<Arguments, Result>,
    args: Arguments,
    options?: CallOptions,
  ): Promise<Result>;
  call<Arguments, Result>(
    procedure: Procedure<Arguments, Result>,
    args: Arguments,
    options?: CallOptions,
  ): Promise<Result> {
    return this.#rpc.call(procedure, args, options);
  }

  /**
   * Calls `handler` for every event of this kind, of any domain, from now until the returned function is called or
   * the connection ends. The handler must not throw: its error would surface as an uncaught one.
   * @throws LibvirtError with code 1 when the daemon does not know the event; as call() else
   */
  subscribe<Payload>(
    event: EventDefinition<Payload>,
    handler: (payload: Payload) => void,
  ): Promise<Unsubscribe> {
    return this.#subscriptions.subscribe(event, handler);
  }

  /** Fails what is pending, says goodbye and hangs up; takes a second at most. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#rpc.close(connectClose, CLOSE_TIMEOUT_MS);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
