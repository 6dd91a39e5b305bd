import { LibvirtConnection } from "./connection.ts";
import type { KeepaliveOptions } from "./keepalive.ts";
import { socketPaths } from "./socket-paths.ts";
import type { LibvirtStatistics } from "./statistics.ts";
import type { Transport, TransportOptions } from "./transport.ts";
import { connectUnix } from "./transports/unix.ts";
import { type LibvirtUri, parseLibvirtUri } from "./uri.ts";

const DEFAULT_TIMEOUT_MS = 5000;

export interface ConnectOptions {
  /** Default true: the read-only socket, and a daemon that refuses every call that changes something. */
  readonly readOnly?: boolean | undefined;
  /** Default 5000: for connecting as a whole, and for each call that does not say otherwise. */
  readonly timeoutMs?: number | undefined;
  /** Default: a ping after 5 s of silence, the end after 30 s. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Ends the connecting; an open connection is ended by close(). */
  readonly signal?: AbortSignal | undefined;
  /** Where calls are counted; give the same one again to count on after a reconnect. */
  readonly statistics?: LibvirtStatistics | undefined;
}

/**
 * Opens a connection to a hypervisor: `qemu:///system`, `qemu:///session`,
 * `qemu+unix:///system?socket=/run/other/libvirt-sock-ro`, `test:///default`, `qemu+tls://host/system`,
 * `qemu+ssh://user@host/system` …
 * @throws KvmeterError LIBVIRT_URI, LIBVIRT_SOCKET_MISSING, LIBVIRT_SOCKET_REFUSED, LIBVIRT_SOCKET_PERMISSION,
 * LIBVIRT_CONNECT, LIBVIRT_TLS, LIBVIRT_AUTHENTICATION, LIBVIRT_DEADLINE, LIBVIRT_DISCONNECTED, LIBVIRT_PROTOCOL, LIBVIRT_REPLY (a LibvirtError);
 * the signal's reason when it is aborted
 */
export async function connect(uri: string, options: ConnectOptions = {}): Promise<LibvirtConnection> {
  const { readOnly = true, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const target = parseLibvirtUri(uri);
  const endMs = performance.now() + timeoutMs;
  const transport = await connectTransport(target, { readOnly, timeoutMs, signal });
  const openTimeoutMs = Math.max(1, Math.round(endMs - performance.now()));
  try {
    return await LibvirtConnection.open(transport, {
      ...options,
      uri: target,
      readOnly,
      timeoutMs,
      openTimeoutMs,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw transport.failure ?? error;
  }
}

/** The remote ones are loaded when they are needed: with them come several MB. */
async function connectTransport(
  target: LibvirtUri,
  options: TransportOptions & { readonly readOnly: boolean },
): Promise<Transport> {
  if (target.transport === "tls") return (await import("./transports/tls.ts")).connectTls(target, options);
  if (target.transport === "ssh") return (await import("./transports/ssh.ts")).connectSsh(target, options);
  return connectUnix(socketPaths(target, options), options);
}
