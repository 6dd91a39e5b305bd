import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";

import { KvmeterError } from "../../errors.ts";
import { currentSeeker } from "../socket-paths.ts";
import type { Transport, TransportOptions } from "../transport.ts";
import type { LibvirtUri } from "../uri.ts";
import { lateError, SocketTransport } from "./socket.ts";
import { readCredentials, type TlsCredentials } from "./tls-credentials.ts";
import { clientRefused, tlsError } from "./tls-errors.ts";

/** The port of libvirtd-tls.socket. */
const DEFAULT_PORT = 16_514;

/** What the daemon sends when it has accepted the client's certificate, before any message. */
const WELCOME = 1;

/**
 * Connects to a daemon that listens for TLS. Its certificate is verified, always, and must bear the URI's host.
 * @throws KvmeterError LIBVIRT_TLS, LIBVIRT_CONNECT, LIBVIRT_DEADLINE; the signal's reason when it is aborted
 */
export async function connectTls(uri: LibvirtUri, options: TransportOptions): Promise<Transport> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const { host = "", port = DEFAULT_PORT } = uri;
  const peer = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const credentials = await readCredentials({
    pkipath: uri.parameters.get("pkipath"),
    seeker: currentSeeker(),
  });
  try {
    const socket = await welcomed({ host, port, peer, credentials, signal });
    return new SocketTransport(socket, { peer });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (deadline.aborted) throw lateError(peer, options.timeoutMs);
    throw error;
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly peer: string;
  readonly credentials: TlsCredentials;
  readonly signal: AbortSignal;
}

/** A socket whose handshake is done and whose client the daemon has accepted. What follows its welcome is unread. */
function welcomed({ host, port, peer, credentials, signal }: Target): Promise<TLSSocket> {
  const secureContext = secureContextOf(peer, credentials);
  return new Promise((resolve, reject) => {
    let shaken = false;
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(new Error("aborted", { cause: signal.reason }));
    const failed = (cause?: Error): void => {
      const unexplained = new Error("the far side hung up before secure TLS connection");
      fail(shaken ? clientRefused(peer, credentials) : tlsError(peer, cause ?? unexplained, credentials));
    };
    const read = (): void => {
      const byte = (socket.read(1) as Buffer | null)?.[0];
      if (byte === undefined) return;
      if (byte !== WELCOME) {
        fail(
          new KvmeterError("LIBVIRT_PROTOCOL", `Cannot connect to ${peer}: it is not libvirt that answers`),
        );
        return;
      }
      signal.removeEventListener("abort", abort);
      socket.off("readable", read);
      socket.off("end", failed);
      socket.off("error", failed);
      socket.off("close", failed);
      resolve(socket);
    };
    // Said aloud, because an environment variable of Node's can turn the default off.
    const socket = connect({ host, port, secureContext, rejectUnauthorized: true });
    socket.once("secureConnect", () => {
      shaken = true;
      socket.on("readable", read);
    });
    socket.on("end", failed);
    socket.on("error", failed);
    socket.on("close", failed);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

function secureContextOf(peer: string, credentials: TlsCredentials): SecureContext {
  const { ca, crl, client } = credentials;
  try {
    return createSecureContext({ ca, ...(crl && { crl }), ...client, minVersion: "TLSv1.2" });
  } catch (cause) {
    throw tlsError(peer, cause instanceof Error ? cause : new Error(String(cause)), credentials);
  }
}
