import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { KvmeterError } from "../errors.ts";
import {
  FRAME_HEADER_BYTES,
  FRAME_LIMIT_BYTES,
  FrameSplitter,
  KEEPALIVE_PROGRAM,
  MessageStatus,
  MessageType,
  PROGRAM_VERSION,
  REMOTE_PROGRAM,
  encodeFrame,
  type Frame,
} from "../libvirt/framing.ts";
import { XdrReader } from "../libvirt/xdr-reader.ts";
import { XdrWriter } from "../libvirt/xdr-writer.ts";
import type { Daemon } from "./daemon.ts";
import { DAMAGES } from "./damage.ts";
import type { SimulatedDomain } from "./domain.ts";
import type { SimulatedEvent } from "./events.ts";
import { HANDLERS } from "./handlers.ts";
import { ServerKeepalive, type KeepaliveTiming } from "./keepalive.ts";
import { procedureName, type ProcedureName } from "./procedure-numbers.ts";
import { ErrorDomain, ReplyError, internalError, rpcError, writeError } from "./reply-error.ts";
import type { Session } from "./session.ts";
import { writeDomain } from "./wire-domain.ts";

/** Default of max_client_requests: with so many calls unanswered the daemon stops reading a connection. */
const CALLS_LIMIT = 5;
const PING = 1;
const PONG = 2;
const FIRST_REPLY_BYTES = 1024;

/** One client's connection. */
export class Connection implements Session {
  readonly daemon: Daemon;
  readonly callbacks = new Map<number, { readonly eventId: number; readonly uuid: string | undefined }>();
  authenticated: boolean;
  opened = false;
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #keepalive: ServerKeepalive;
  #unread: Frame[] = [];
  #inFlight = 0;
  #closing = false;

  constructor(socket: Socket, daemon: Daemon, timing: KeepaliveTiming) {
    this.daemon = daemon;
    this.authenticated = daemon.authentication === "none";
    this.#socket = socket;
    this.#keepalive = new ServerKeepalive(timing, {
      ping: () => {
        daemon.stats.pingsSent += 1;
        this.#sendKeepalive(PING);
      },
      dead: () => socket.destroy(),
    });
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("close", () => this.#keepalive.stop());
    // A client that goes away in the middle of a reply is no news: "close" follows.
    socket.on("error", () => undefined);
  }

  startKeepalive(): void {
    this.#keepalive.start();
  }

  closeAfterReply(): void {
    this.#closing = true;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Tells the client what happened to a domain, where it asked to be told. */
  sendEvent(
    domain: Pick<SimulatedDomain, "name" | "uuid" | "uuidBytes" | "id">,
    { id, procedure, write }: SimulatedEvent,
  ): void {
    for (const [callback, { eventId, uuid }] of this.callbacks) {
      if (eventId !== id || (uuid !== undefined && uuid !== domain.uuid)) continue;
      const writer = new XdrWriter();
      writer.i32(callback);
      writeDomain(writer, domain);
      write(writer);
      const header = { program: REMOTE_PROGRAM, version: PROGRAM_VERSION, procedure };
      this.#write(
        encodeFrame(
          { ...header, type: MessageType.event, serial: 0, status: MessageStatus.ok },
          writer.bytes(),
        ),
      );
      this.daemon.stats.eventsSent += 1;
    }
  }

  #received(chunk: Buffer): void {
    try {
      this.#unread.push(...this.#splitter.push(chunk));
    } catch (error) {
      if (!(error instanceof KvmeterError)) throw error;
      this.#socket.destroy();
      return;
    }
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#inFlight < CALLS_LIMIT) {
      const frame = this.#unread.shift();
      if (frame === undefined) break;
      this.#keepalive.received();
      if (frame.program === KEEPALIVE_PROGRAM) {
        if (frame.procedure === PING) this.#sendKeepalive(PONG);
      } else if (frame.type === MessageType.call) {
        void this.#serve(frame);
      } else {
        this.#socket.destroy();
      }
    }
    if (this.#inFlight < CALLS_LIMIT) this.#socket.resume();
    else this.#socket.pause();
  }

  async #serve(frame: Frame): Promise<void> {
    this.#inFlight += 1;
    const name = frame.program === REMOTE_PROGRAM ? procedureName(frame.procedure) : undefined;
    const { status, payload } = await this.#answer(frame, name);
    const damage = name === undefined ? undefined : this.daemon.faults.damageOf(name);
    const reply = encodeFrame({ ...frame, type: MessageType.reply, status }, payload);
    this.#write(damage === undefined ? reply : DAMAGES[damage](reply));
    if (this.#closing || damage === "cut") this.#socket.end();
    this.#inFlight -= 1;
    this.#dispatch();
  }

  async #answer(frame: Frame, name: ProcedureName | undefined): Promise<{ status: number; payload: Buffer }> {
    try {
      const writer = new XdrWriter(FIRST_REPLY_BYTES);
      await this.#call(frame, name, writer);
      if (writer.length > FRAME_LIMIT_BYTES - FRAME_HEADER_BYTES)
        throw rpcError("Unable to encode message payload");
      return { status: MessageStatus.ok, payload: writer.bytes() };
    } catch (error) {
      const writer = new XdrWriter();
      writeError(writer, replyErrorOf(error), this.daemon.release);
      return { status: MessageStatus.error, payload: writer.bytes() };
    }
  }

  async #call(frame: Frame, name: ProcedureName | undefined, writer: XdrWriter): Promise<void> {
    const { faults, stats, workers } = this.daemon;
    if (frame.program !== REMOTE_PROGRAM || frame.version !== PROGRAM_VERSION) {
      throw rpcError(`Cannot find program ${frame.program} version ${frame.version}`);
    }
    if (name === undefined) {
      stats.unknownCalls += 1;
      throw rpcError(`unknown procedure: ${frame.procedure}`);
    }
    stats.calls[name] = (stats.calls[name] ?? 0) + 1;
    const { early, priority, handle } = HANDLERS[name];
    if (!this.authenticated && early !== "unauthenticated") throw rpcError("authentication required");
    if (!this.opened && early === undefined) throw internalError("hypervisor connection not open");
    const code = faults.errorOf(name);
    if (code !== undefined) {
      throw new ReplyError(code, ErrorDomain.qemu, { format: "simulated error: %s", detail: `${code}` });
    }
    const work = async (): Promise<void> => {
      const delayMs = faults.delayMs({ procedure: name });
      if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
      await handle(this, new XdrReader(frame.payload), writer);
    };
    await (priority ? work() : workers.run(work));
  }

  #sendKeepalive(procedure: number): void {
    const header = { program: KEEPALIVE_PROGRAM, version: PROGRAM_VERSION, procedure };
    this.#write(encodeFrame({ ...header, type: MessageType.event, serial: 0, status: MessageStatus.ok }));
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.daemon.stats.bytesSent += bytes.length;
    this.#socket.write(bytes);
  }
}

function replyErrorOf(error: unknown): ReplyError {
  if (error instanceof ReplyError) return error;
  if (error instanceof KvmeterError) return rpcError("Unable to decode message payload");
  throw error;
}
