import { KvmeterError } from "../errors.ts";
import { LibvirtConnection } from "./connection.ts";
import type { KeepaliveOptions } from "./keepalive.ts";
import { socketPaths } from "./socket-paths.ts";
import type { LibvirtStatistics } from "./statistics.ts";
import { connectUnix } from "./transports/unix.ts";
import { parseLibvirtUri } from "./uri.ts";

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
 * `qemu+unix:///system?socket=/run/other/libvirt-sock-ro`, `test:///default` …
 * @throws KvmeterError LIBVIRT_URI, LIBVIRT_SOCKET_MISSING, LIBVIRT_SOCKET_REFUSED, LIBVIRT_SOCKET_PERMISSION,
 * LIBVIRT_AUTHENTICATION, LIBVIRT_DEADLINE, LIBVIRT_DISCONNECTED, LIBVIRT_PROTOCOL, LIBVIRT_REPLY (a LibvirtError);
 * the signal's reason when it is aborted
 */
export async function connect(uri: string, options: ConnectOptions = {}): Promise<LibvirtConnection> {
  const { readOnly = true, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const target = parseLibvirtUri(uri);
  if (target.transport !== "unix") {
    throw new KvmeterError(
      "LIBVIRT_URI",
      `Cannot connect to "${uri}": transport ${target.transport} is not supported; run kvmeter on the hypervisor and use a URI without a host, such as qemu:///system`,
    );
  }
  const endMs = performance.now() + timeoutMs;
  const transport = await connectUnix(socketPaths(target, { readOnly }), { timeoutMs, signal });
  const openTimeoutMs = Math.max(1, Math.round(endMs - performance.now()));
  return LibvirtConnection.open(transport, { ...options, uri: target, readOnly, timeoutMs, openTimeoutMs });
}
