import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { basename, dirname } from "node:path";

import { type ErrorCode, KvmeterError, messageOf } from "../../errors.ts";
import type { Transport, TransportOptions } from "../transport.ts";
import { errnoOf, Inlet, lateError, SocketTransport } from "./socket.ts";

/**
 * Connects to the first of the sockets that somebody listens on.
 * @throws KvmeterError LIBVIRT_SOCKET_MISSING, LIBVIRT_SOCKET_REFUSED, LIBVIRT_SOCKET_PERMISSION, LIBVIRT_DEADLINE;
 * the signal's reason when it is aborted
 */
export async function connectUnix(paths: readonly string[], options: TransportOptions): Promise<Transport> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  let refusal: { path: string; cause: unknown } | undefined;
  for (const path of paths) {
    try {
      const connected = await connectSocket(path, signal);
      return new SocketTransport(connected.socket, { peer: path, socketPath: path, inlet: connected.inlet });
    } catch (cause) {
      options.signal?.throwIfAborted();
      if (deadline.aborted) throw lateError(path, options.timeoutMs);
      const code = errnoOf(cause);
      if (code === "ENOENT" || code === "ENOTDIR") continue;
      if (code === "EACCES" || code === "EPERM") throw forbidden(path, cause);
      refusal ??= { path, cause };
    }
  }
  throw refusal === undefined ? missing(paths) : refused(refusal.path, refusal.cause);
}

/** unix(7): sun_path has 108 bytes, the last of them NUL. What is longer is cut off without a word. */
const PATH_LIMIT_BYTES = 107;

/** A socket that is connected and paused, and where it will read to. */
interface Connected {
  readonly socket: Socket;
  readonly inlet: Inlet;
}

async function connectSocket(path: string, signal: AbortSignal): Promise<Connected> {
  if (Buffer.byteLength(path) <= PATH_LIMIT_BYTES) return dial(path, signal);
  await using folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return await dial(`/proc/self/fd/${folder.fd}/${basename(path)}`, signal);
}

function dial(path: string, signal: AbortSignal): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const inlet = new Inlet();
    const socket = createConnection({ path, onread: inlet }).pause();
    const settle = (error?: Error): void => {
      signal.removeEventListener("abort", abort);
      socket.off("error", settle);
      socket.off("connect", settle);
      if (error === undefined) {
        resolve({ socket, inlet });
        return;
      }
      socket.destroy();
      reject(error);
    };
    const abort = (): void => settle(new Error("aborted", { cause: signal.reason }));
    socket.on("error", settle);
    socket.on("connect", settle);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

function missing(paths: readonly string[]): KvmeterError {
  return new KvmeterError(
    "LIBVIRT_SOCKET_MISSING",
    `Cannot connect to libvirt: no socket at ${paths.join(", ")}; start libvirtd or virtqemud, or name its socket in the URI: qemu+unix:///system?socket=/path`,
  );
}

function refused(path: string, cause: unknown): KvmeterError {
  return socketError("LIBVIRT_SOCKET_REFUSED", { path, cause, mend: "start the daemon that it belongs to" });
}

function forbidden(path: string, cause: unknown): KvmeterError {
  return socketError("LIBVIRT_SOCKET_PERMISSION", {
    path,
    cause,
    mend: "add the user to the libvirt group and log in again",
  });
}

function socketError(code: ErrorCode, details: { path: string; cause: unknown; mend: string }): KvmeterError {
  const { path, cause, mend } = details;
  return new KvmeterError(code, `Cannot connect to ${path}: ${messageOf(cause)}; ${mend}`, { cause });
}
