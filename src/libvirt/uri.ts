import { KvmeterError } from "../errors.ts";

const TRANSPORTS = ["unix", "tls", "tcp", "ssh", "libssh", "libssh2", "ext"] as const;
export type TransportName = (typeof TRANSPORTS)[number];

const SOCKET_MODES = ["auto", "direct", "legacy"] as const;
/** Which daemon listens: the driver's own (direct), libvirtd or virtproxyd (legacy), or whichever has a socket. */
export type SocketMode = (typeof SOCKET_MODES)[number];

/** Query parameters that are for the client alone: libvirt does not send them on, and neither do we. */
const CLIENT_PARAMETERS = new Set([
  "name",
  "command",
  "socket",
  "auth",
  "authfile",
  "sshauth",
  "netcat",
  "keyfile",
  "pkipath",
  "known_hosts",
  "known_hosts_verify",
  "tls_priority",
  "mode",
  "proxy",
  "no_sanity",
  "no_verify",
  "no_tty",
]);

/** A connection URI (libvirt.org/uri.html): driver[+transport]://[user@][host][:port]/[path][?parameters] */
export interface LibvirtUri {
  /** As it was written. */
  readonly text: string;
  /** qemu, xen, lxc, ch, test … */
  readonly driver: string;
  /** Where the URI names none: unix without a host, tls with one. */
  readonly transport: TransportName;
  readonly user: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** /system, /session, /default … */
  readonly path: string;
  /** All query parameters, decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  /** `?socket=`: the only socket to try. */
  readonly socket: string | undefined;
  /** `?mode=` */
  readonly mode: SocketMode;
  /** What the daemon is asked to open: without transport, host and client parameters. */
  readonly openUri: string;
}

/** @throws KvmeterError LIBVIRT_URI */
export function parseLibvirtUri(text: string): LibvirtUri {
  const refuse = (problem: string): never => {
    throw new KvmeterError("LIBVIRT_URI", `Cannot use the libvirt URI "${text}": ${problem}`);
  };
  const url = URL.parse(text);
  const scheme = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:$/.exec(url?.protocol ?? "");
  const driver = scheme?.[1];
  if (url === null || driver === undefined || !url.pathname.startsWith("/")) {
    return refuse("it must look like qemu:///system");
  }

  const host = url.hostname === "" ? undefined : url.hostname;
  const transport = scheme?.[2] ?? (host === undefined ? "unix" : "tls");
  if (!isOneOf(TRANSPORTS, transport)) {
    return refuse(`the transport must be one of ${TRANSPORTS.join(", ")}, current value is ${transport}`);
  }
  const parameters = new Map(new URLSearchParams(url.search.replaceAll("+", "%2B")));
  const mode = parameters.get("mode") ?? "auto";
  if (!isOneOf(SOCKET_MODES, mode)) {
    return refuse(`mode must be one of ${SOCKET_MODES.join(", ")}, current value is ${mode}`);
  }
  const socket = parameters.get("socket");
  if (socket !== undefined && transport === "unix" && !socket.startsWith("/")) {
    return refuse(`socket must be an absolute path, current value is "${socket}"`);
  }
  if (driver === "qemu" && !/^\/(system|session)$/.test(url.pathname)) {
    return refuse(`the path must be /system or /session, current value is ${url.pathname}`);
  }
  return {
    text,
    driver,
    transport,
    user: url.username === "" ? undefined : decodeURIComponent(url.username),
    host,
    port: url.port === "" ? undefined : Number(url.port),
    path: url.pathname,
    parameters,
    socket,
    mode,
    openUri: parameters.get("name") ?? openUri(driver, url.pathname, parameters),
  };
}

function openUri(driver: string, path: string, parameters: ReadonlyMap<string, string>): string {
  const passed = [...parameters].filter(([name]) => !CLIENT_PARAMETERS.has(name));
  const query = passed.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${driver}://${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

function isOneOf<const Name extends string>(names: readonly Name[], value: string): value is Name {
  return (names as readonly string[]).includes(value);
}
