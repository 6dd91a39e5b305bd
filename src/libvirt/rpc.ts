import { type ErrorCode, KvmeterError } from "../errors.ts";
import { CallQueue, type QueuedCall } from "./call-queue.ts";
import { LibvirtDeadlineError, LibvirtError } from "./errors.ts";
import {
  encodeFrame,
  type Frame,
  FRAME_HEADER_BYTES,
  FRAME_LIMIT_BYTES,
  FrameSplitter,
  KEEPALIVE_PROGRAM,
  MessageStatus,
  MessageType,
  PROGRAM_VERSION,
  REMOTE_PROGRAM,
  writeFrameHeader,
} from "./framing.ts";
import { DEFAULT_KEEPALIVE, Keepalive, type KeepaliveOptions, KeepaliveProcedure } from "./keepalive.ts";
import type { Procedure } from "./procedure.ts";
import { decodeReply } from "./reply.ts";
import { type CallOutcome, LibvirtStatistics } from "./statistics.ts";
import type { Transport } from "./transport.ts";
import { XdrReader } from "./xdr-reader.ts";
import { XdrWriter } from "./xdr-writer.ts";

const DEFAULT_MAX_OUTSTANDING = 4;

/** Above this, pings are not answered. */
const UNSENT_LIMIT_BYTES = 65_536;

const HEADER = { version: PROGRAM_VERSION, status: MessageStatus.ok };

export interface RpcOptions {
  /** How long a call may take, its wait for a free place included, unless the call says otherwise. */
  readonly timeoutMs: number;
  /** Default 4, least 2: calls that the daemon has and has not answered; one place is for priority calls alone. */
  readonly maxOutstanding?: number | undefined;
  /** Default: {@link DEFAULT_KEEPALIVE} */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Default: what libvirt itself would send at most. */
  readonly frameLimitBytes?: number | undefined;
  readonly statistics?: LibvirtStatistics | undefined;
}

export interface CallOptions {
  /** From call() on, its wait for a free place included. */
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting, not the daemon's work. */
  readonly signal?: AbortSignal | undefined;
}

interface Call extends QueuedCall {
  readonly procedure: Pick<Procedure<never, unknown>, "number" | "name" | "decode">;
  /** All but its header. */
  readonly frame: Buffer;
  abandoned: boolean;
  sent: boolean;
  /** Tells the caller; only once. */
  settle(outcome: CallOutcome, value: unknown): void;
}

/** Calls and events over one transport. */
export class RpcClient {
  readonly peer: string;
  /** Resolves when the connection ended: with the reason, or with undefined when this side wanted it. Never rejects. */
  readonly closed: Promise<KvmeterError | undefined>;
  readonly statistics: LibvirtStatistics;
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #queue: CallQueue<Call>;
  readonly #splitter: FrameSplitter;
  readonly #keepalive: Keepalive;
  readonly #onEvent: (procedure: number, reader: XdrReader) => void;
  readonly #resolveClosed: (reason: KvmeterError | undefined) => void;
  /** Why no call can be made any more. */
  #refusal: KvmeterError | undefined;
  #ended = false;

  /** `onEvent` gets the payload of every event message of the remote program. */
  constructor(
    transport: Transport,
    options: RpcOptions,
    onEvent: (procedure: number, reader: XdrReader) => void,
  ) {
    this.peer = transport.peer;
    this.statistics = options.statistics ?? new LibvirtStatistics();
    this.#transport = transport;
    this.#timeoutMs = options.timeoutMs;
    this.#queue = new CallQueue(options.maxOutstanding ?? DEFAULT_MAX_OUTSTANDING);
    this.#splitter = new FrameSplitter(options.frameLimitBytes ?? FRAME_LIMIT_BYTES);
    this.#onEvent = onEvent;
    const { promise, resolve } = Promise.withResolvers<KvmeterError | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#keepalive = new Keepalive(options.keepalive ?? DEFAULT_KEEPALIVE, {
      ping: () => this.#sendKeepalive(KeepaliveProcedure.ping),
      giveUp: (silentMs) =>
        this.#end(this.#reason("LIBVIRT_DISCONNECTED", `the daemon was silent for ${silentMs} ms`)),
    });
    transport.start({
      onData: (chunk) => this.#received(chunk),
      onClose: (cause) => this.#hungUp(cause),
    });
  }

  /** Calls at the daemon without an answer. */
  get outstanding(): number {
    return this.#queue.outstanding;
  }

  /** Ordinary calls that could go to the daemon at once. */
  get freePlaces(): number {
    return this.#queue.freePlaces;
  }

  /** Those of them that nobody waits for any more. */
  get abandoned(): number {
    return this.#queue.abandoned;
  }

  /** Begins to ping; only with a daemon that knows keepalive. */
  startKeepalive(): void {
    if (!this.#ended) this.#keepalive.start();
  }

  /**
   * One call.
   * @throws LibvirtError the daemon's answer is an error; LibvirtDeadlineError; KvmeterError LIBVIRT_PROTOCOL or
   * LIBVIRT_DISCONNECTED; the signal's reason when it is aborted
   */
  call<Arguments, Result>(
    procedure: Procedure<Arguments, Result>,
    args: Arguments,
    options: CallOptions = {},
  ): Promise<Result> {
    const { timeoutMs = this.#timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#refusal !== undefined) throw disconnected(procedure.name, this.#refusal);
      const writer = new XdrWriter();
      writer.leave(FRAME_HEADER_BYTES);
      procedure.encode(writer, args);

      const begunMs = performance.now();
      const call: Call = {
        procedure,
        priority: procedure.priority,
        frame: writer.bytes(),
        abandoned: false,
        sent: false,
        settle: (outcome, value) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", aborted);
          this.statistics.countCall(procedure.name, outcome, performance.now() - begunMs);
          if (outcome === "ok") resolve(value as Result);
          else reject(value);
        },
      };
      const aborted = (): void => this.#abandon(call, "aborted", signal?.reason);
      const timer = setTimeout(() => {
        const details = { timeoutMs, sent: call.sent, outstanding: this.outstanding };
        this.#abandon(call, "deadline", new LibvirtDeadlineError(procedure.name, details));
      }, timeoutMs);
      signal?.addEventListener("abort", aborted);
      this.#queue.add(call);
      this.#sendWhatMayGo();
    });
  }

  /** Fails what is pending, makes one last call and hangs up, whatever becomes of it. Never rejects. */
  async close(goodbye: Procedure<undefined, undefined>, timeoutMs: number): Promise<void> {
    const reason = this.#reason("LIBVIRT_DISCONNECTED", "it was closed");
    this.#failCalls(reason);
    try {
      const answer = this.call(goodbye, undefined, { timeoutMs });
      this.#refusal ??= reason;
      await answer;
    } catch {
      // a daemon that does not answer is hung up on all the same
    }
    this.abort();
  }

  /** Hangs up at once. */
  abort(): void {
    this.#refusal ??= this.#reason("LIBVIRT_DISCONNECTED", "it was closed");
    this.#end(this.#refusal);
  }

  #end(reason: KvmeterError): void {
    if (this.#ended) return;
    this.#ended = true;
    const wanted = this.#refusal !== undefined;
    this.#refusal ??= reason;
    this.#keepalive.stop();
    this.#failCalls(this.#refusal);
    this.#queue.clear();
    this.#transport.close();
    this.#resolveClosed(wanted ? undefined : reason);
  }

  #failCalls(reason: KvmeterError): void {
    for (const call of this.#queue.all()) {
      this.#abandon(call, "disconnected", disconnected(call.procedure.name, reason));
    }
  }

  #abandon(call: Call, outcome: CallOutcome, error: unknown): void {
    if (call.abandoned) return;
    call.abandoned = true;
    this.#queue.withdraw(call);
    call.settle(outcome, error);
  }

  #sendWhatMayGo(): void {
    for (let next = this.#queue.next(); next !== undefined; next = this.#queue.next()) {
      const { serial, call } = next;
      call.sent = true;
      const { number: procedure } = call.procedure;
      const header = { ...HEADER, program: REMOTE_PROGRAM, procedure, type: MessageType.call, serial };
      writeFrameHeader(call.frame, header);
      this.#transport.write(call.frame);
    }
  }

  #sendKeepalive(procedure: number): void {
    const header = { ...HEADER, program: KEEPALIVE_PROGRAM, procedure, type: MessageType.event, serial: 0 };
    this.#transport.write(encodeFrame(header));
  }

  /** A daemon that takes nothing has answers enough on their way: they do not pile up, however often it asks. */
  #answerPing(): void {
    if (this.#transport.unsentBytes < UNSENT_LIMIT_BYTES) this.#sendKeepalive(KeepaliveProcedure.pong);
  }

  #received(chunk: Buffer): void {
    if (this.#ended) return;
    this.#keepalive.received();
    try {
      for (const frame of this.#splitter.push(chunk)) {
        if (!this.#ended) this.#dispatch(frame);
      }
    } catch (error) {
      this.#end(this.#reason("LIBVIRT_PROTOCOL", error));
    }
  }

  #dispatch(frame: Frame): void {
    const { program, type, procedure } = frame;
    if (program === KEEPALIVE_PROGRAM) {
      if (procedure === KeepaliveProcedure.ping) this.#answerPing();
    } else if (type === MessageType.event) {
      if (program === REMOTE_PROGRAM) this.#onEvent(procedure, new XdrReader(frame.payload));
    } else {
      this.#dispatchReply(frame);
    }
  }

  #dispatchReply(frame: Frame): void {
    const { program, version, procedure, type, serial } = frame;
    const call = this.#queue.find(serial);
    if (
      call === undefined ||
      program !== REMOTE_PROGRAM ||
      version !== PROGRAM_VERSION ||
      type !== MessageType.reply ||
      procedure !== call.procedure.number
    ) {
      throw new KvmeterError(
        "LIBVIRT_PROTOCOL",
        `no call waits for the message with program ${program}, version ${version}, procedure ${procedure}, type ${type}, serial ${serial}`,
      );
    }
    this.#queue.answered(serial);
    this.#sendWhatMayGo();
    if (!call.abandoned) settleWithReply(call, frame);
  }

  #hungUp(cause: Error | undefined): void {
    const rest = this.#splitter.pendingBytes;
    const how = rest > 0 ? ` in the middle of a message, after ${rest} bytes of it` : "";
    this.#end(this.#reason("LIBVIRT_DISCONNECTED", cause ?? `the daemon hung up${how}`));
  }

  #reason(code: ErrorCode, problem: unknown): KvmeterError {
    const text = `The connection to libvirt at ${this.peer} ended: ${problem instanceof Error ? problem.message : String(problem)}`;
    return new KvmeterError(code, text, problem instanceof Error ? { cause: problem } : {});
  }
}

function settleWithReply(call: Call, frame: Frame): void {
  let result: unknown;
  try {
    result = decodeReply(call.procedure, frame);
  } catch (error) {
    call.settle(error instanceof LibvirtError ? "error" : "protocol", error);
    return;
  }
  call.settle("ok", result);
}

function disconnected(procedure: string, reason: KvmeterError): KvmeterError {
  return new KvmeterError(reason.code, `Cannot run ${procedure}: ${reason.message}`, { cause: reason });
}
