import { KvmeterError } from "../errors.ts";

const TRANSPORTS = ["unix", "tls", "ssh"] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** libvirt has more transports; these are not here, and why. */
const REFUSED_TRANSPORTS: Readonly<Record<string, string>> = {
  tcp: "it is not encrypted and wants SASL; use tls or ssh",
  libssh: "use ssh, which leaves keys and known hosts to OpenSSH",
  libssh2: "use ssh, which leaves keys and known hosts to OpenSSH",
  ext: "it would start any program that the URI names; use ssh",
};

const SOCKET_MODES = ["auto", "direct", "legacy"] as const;
/** Which daemon listens: the driver's own (direct), libvirtd or virtproxyd (legacy), or whichever has a socket. */
export type SocketMode = (typeof SOCKET_MODES)[number];

/** As it was written, and also where that is no URI: rather too much than a part of it. */
const PASSWORD = /(?<=\/\/[^:@/?#]*):.*@/s;

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

/** Which of them mean something to a remote transport. What is not here would be ignored, so it is refused. */
const REMOTE_PARAMETERS: Readonly<Record<"tls" | "ssh", ReadonlySet<string>>> = {
  tls: new Set(["name", "pkipath"]),
  ssh: new Set(["name", "socket", "mode", "proxy", "netcat", "keyfile", "known_hosts", "no_tty"]),
};

/** How the far side of a remote transport becomes known, for those who would rather not verify it. */
const HOW_TO_VERIFY: Readonly<Record<"tls" | "ssh", string>> = {
  tls: "put the certificate of the authority that signed the daemon's into cacert.pem",
  ssh: "put the host's key into known_hosts",
};

/** A connection URI (libvirt.org/uri.html): driver[+transport]://[user@][host][:port]/[path][?parameters] */
export interface LibvirtUri {
  /** As it was written. */
  readonly text: string;
  /** qemu, xen, lxc, ch, test … */
  readonly driver: string;
  /** Where the URI names none: unix without a host, tls with one. */
  readonly transport: TransportName;
  readonly user: string | undefined;
  /** A name or an address; an IPv6 address without its brackets. */
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
  const url = URL.parse(text);
  const refuse = (problem: string): never => {
    // A password is shown to nobody, not even where it is refused.
    const shown = text.replace(PASSWORD, ":…@");
    throw new KvmeterError("LIBVIRT_URI", `Cannot use the libvirt URI "${shown}": ${problem}`);
  };
  const scheme = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:$/.exec(url?.protocol ?? "");
  const driver = scheme?.[1];
  if (url === null || driver === undefined || !url.pathname.startsWith("/")) {
    return refuse("it must look like qemu:///system");
  }
  if (url.password !== "") return refuse("it must not have a password; use a key or a certificate");

  const host = url.hostname === "" ? undefined : url.hostname.replace(/^\[(.*)\]$/, "$1");
  const transport = scheme?.[2] ?? (host === undefined ? "unix" : "tls");
  if (!isOneOf(TRANSPORTS, transport)) {
    const reason = REFUSED_TRANSPORTS[transport];
    if (reason !== undefined) return refuse(`transport ${transport} is not supported: ${reason}`);
    return refuse(`the transport must be one of ${TRANSPORTS.join(", ")}, current value is ${transport}`);
  }
  const parameters = new Map(new URLSearchParams(url.search.replaceAll("+", "%2B")));
  const mode = parameters.get("mode") ?? "auto";
  if (!isOneOf(SOCKET_MODES, mode)) {
    return refuse(`mode must be one of ${SOCKET_MODES.join(", ")}, current value is ${mode}`);
  }
  const socket = parameters.get("socket");
  if (socket !== undefined && !socket.startsWith("/")) {
    return refuse(`socket must be an absolute path, current value is "${socket}"`);
  }
  if (driver === "qemu" && !/^\/(system|session)$/.test(url.pathname)) {
    return refuse(`the path must be /system or /session, current value is ${url.pathname}`);
  }
  const problem = hostProblem(transport, host) ?? parameterProblem(transport, parameters);
  if (problem !== undefined) return refuse(problem);
  return {
    text,
    driver,
    transport,
    user: url.username === "" ? undefined : (decoded(url.username) ?? refuse("its user is not UTF-8")),
    host,
    port: url.port === "" ? undefined : Number(url.port),
    path: url.pathname,
    parameters,
    socket,
    mode,
    openUri: parameters.get("name") ?? openUri(driver, url.pathname, parameters),
  };
}

function hostProblem(transport: TransportName, host: string | undefined): string | undefined {
  if (transport === "unix") {
    return host === undefined ? undefined : `transport unix has no host, current value is ${host}`;
  }
  if (host === undefined) return `transport ${transport} needs a host: qemu+${transport}://host/system`;
  // One that begins with "-" would be an option to ssh.
  return /^[\w.:][\w.:-]*$/.test(host) ? undefined : `it must name a host, current value is ${host}`;
}

function parameterProblem(
  transport: TransportName,
  parameters: ReadonlyMap<string, string>,
): string | undefined {
  if (transport === "unix") return undefined;
  for (const [name, value] of parameters) {
    if (!CLIENT_PARAMETERS.has(name) || REMOTE_PARAMETERS[transport].has(name)) continue;
    if (name !== "no_verify") return `${name} is not supported with transport ${transport}; leave it out`;
    if (value !== "0") {
      return `no_verify is not supported: kvmeter verifies whom it talks to; ${HOW_TO_VERIFY[transport]}`;
    }
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function openUri(driver: string, path: string, parameters: ReadonlyMap<string, string>): string {
  const passed = [...parameters].filter(([name]) => !CLIENT_PARAMETERS.has(name));
  const query = passed.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${driver}://${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

function isOneOf<const Name extends string>(names: readonly Name[], value: string): value is Name {
  return (names as readonly string[]).includes(value);
}
