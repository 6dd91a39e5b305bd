import { KvmeterError } from "../errors.ts";
import { LibvirtError, LibvirtErrorCode } from "./errors.ts";
import type { Procedure } from "./procedure.ts";
import { AuthenticationType, authList } from "./procedures/auth-list.ts";
import { authPolkit } from "./procedures/auth-polkit.ts";
import { connectOpen, OpenFlags } from "./procedures/connect-open.ts";
import { Feature, supportsFeature } from "./procedures/supports-feature.ts";
import type { RpcClient } from "./rpc.ts";

/** What the daemon can do. */
export interface LibvirtFeatures {
  /** Events can be subscribed to. */
  readonly eventCallbacks: boolean;
  /** It tells when its own connection to the hypervisor closes. */
  readonly closeCallback: boolean;
}

export interface OpenOptions {
  readonly uri: string;
  readonly readOnly: boolean;
  /** For the whole sequence. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const REFUSALS: ReadonlySet<number> = new Set([
  LibvirtErrorCode.authenticationFailed,
  LibvirtErrorCode.authenticationCancelled,
  LibvirtErrorCode.authenticationUnavailable,
  LibvirtErrorCode.accessDenied,
]);

/**
 * From a fresh connection to an open hypervisor. The order matters: AUTH_LIST is what logs uid 0 in on a polkit
 * socket, and keepalive is switched on before anything that can take long.
 * @throws KvmeterError LIBVIRT_AUTHENTICATION, and what a call throws
 */
export async function openHypervisor(rpc: RpcClient, options: OpenOptions): Promise<LibvirtFeatures> {
  const endMs = performance.now() + options.timeoutMs;
  const call = <Arguments, Result>(
    procedure: Procedure<Arguments, Result>,
    args: Arguments,
  ): Promise<Result> =>
    rpc.call(procedure, args, {
      timeoutMs: Math.max(1, Math.round(endMs - performance.now())),
      signal: options.signal,
    });
  try {
    const wanted = await call(authList, undefined);
    if (wanted.includes(AuthenticationType.polkit)) {
      if (!(await call(authPolkit, undefined))) throw refused(options, "polkit wants more than it asked for");
    } else if (wanted.length > 0 && !wanted.includes(AuthenticationType.none)) {
      throw unsupported(rpc.peer, wanted);
    }
    if (await call(supportsFeature, Feature.keepalive)) rpc.startKeepalive();
    await call(connectOpen, { uri: options.uri, flags: options.readOnly ? OpenFlags.readOnly : 0 });
    const [eventCallbacks, closeCallback] = await Promise.all([
      call(supportsFeature, Feature.eventCallbacks),
      call(supportsFeature, Feature.closeCallback),
    ]);
    return { eventCallbacks, closeCallback };
  } catch (error) {
    if (error instanceof LibvirtError && REFUSALS.has(error.libvirtCode)) {
      throw refused(options, error.libvirtMessage, error);
    }
    throw error;
  }
}

function refused(options: OpenOptions, problem: string, cause?: Error): KvmeterError {
  const action = options.readOnly ? "org.libvirt.unix.monitor" : "org.libvirt.unix.manage";
  return new KvmeterError(
    "LIBVIRT_AUTHENTICATION",
    `Cannot open ${options.uri}: the daemon refused this user: ${problem}; add the user to the libvirt group or allow it the polkit action ${action}`,
    cause === undefined ? {} : { cause },
  );
}

function unsupported(peer: string, wanted: readonly number[]): KvmeterError {
  const names = wanted.map((type) => (type === AuthenticationType.sasl ? "SASL" : `type ${type}`));
  return new KvmeterError(
    "LIBVIRT_AUTHENTICATION",
    `Cannot log in at ${peer}: kvmeter has polkit or none, the daemon wants ${names.join(", ")}; set auth_unix_ro = "polkit" or "none" in the daemon's configuration, or auth_tls = "none" for TLS`,
  );
}
