/** What ssh is started with, as libvirt's own client would have it: https://libvirt.org/uri.html#ssh-transport */
import { KvmeterError } from "../../errors.ts";
import { socketPaths } from "../socket-paths.ts";
import type { LibvirtUri } from "../uri.ts";

/** On the far side there may be a shell of any kind: these mean nothing special to any, between double quotes. */
const PLAIN = /^[\w./:?=&%@+,][\w./:?=&%@+,~-]*$/;

/** ssh itself would expand "%" and "$" in a path, and cut it at a space. */
const PLAIN_PATH = /^\/[\w./@+,~=-]*$/;

const PROXIES = ["auto", "netcat", "native"];

/** On a far side whose user is not known, a session's sockets are only to be found by virt-ssh-helper. */
const ANYBODY = { uid: 0, home: "", runtimeDirectory: undefined };

/** No terminal, no questions, nothing forwarded, and no process that stays behind for others. */
const FIXED_ARGUMENTS =
  "-T -a -x -e none -o BatchMode=yes -o ClearAllForwardings=yes -o ControlMaster=no".split(" ");

/**
 * The arguments of ssh.
 * @throws KvmeterError LIBVIRT_URI when a value could mean something else to ssh or to a shell
 */
export function sshArguments(uri: LibvirtUri, options: { readonly readOnly: boolean }): string[] {
  const { user, host = "", port, parameters } = uri;
  const keyFile = parameters.get("keyfile");
  const knownHosts = parameters.get("known_hosts");
  if (user !== undefined && !/^[^\s\p{C}-][^\s\p{C}]*$/u.test(user)) {
    throw refusal(uri, "the user must not be empty, begin with - or have a space in it", user);
  }
  for (const [name, path] of Object.entries({ keyfile: keyFile, known_hosts: knownHosts })) {
    if (path !== undefined && !PLAIN_PATH.test(path)) {
      throw refusal(uri, `${name} must be an absolute path without spaces, quotes, % and $`, path);
    }
  }
  const named = [
    ...(knownHosts === undefined ? [] : ["-o", `UserKnownHostsFile=${knownHosts}`]),
    ...(keyFile === undefined ? [] : ["-i", keyFile]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
  ];
  return [...FIXED_ARGUMENTS, ...named, "--", host, remoteCommand(uri, options)];
}

/**
 * virt-ssh-helper where the far side has it (libvirt 6.8), else a netcat that knows unix sockets. The helper chooses
 * the socket by itself, so a URI that names socket or daemon means netcat.
 */
function remoteCommand(uri: LibvirtUri, { readOnly }: { readonly readOnly: boolean }): string {
  const { parameters, socket, mode, path } = uri;
  const proxy = parameters.get("proxy") ?? "auto";
  if (!PROXIES.includes(proxy)) throw refusal(uri, `proxy must be one of ${PROXIES.join(", ")}`, proxy);

  const namedFor = ["netcat", "socket", "mode"].filter(
    (name) => parameters.has(name) && !(name === "mode" && mode === "auto"),
  );
  if (proxy === "native" && namedFor.length > 0) {
    throw refusal(uri, `${namedFor.join(" and ")} must be left out with proxy=native`, proxy);
  }
  const helper = `virt-ssh-helper ${readOnly ? "-r " : ""}${quoted(uri, "the URI for virt-ssh-helper", uri.openUri)}`;
  if (proxy === "native") return `sh -c 'exec ${helper}'`;

  const knowsSocket = socket !== undefined || path !== "/session";
  if (!knowsSocket && (proxy === "netcat" || namedFor.length > 0)) {
    throw refusal(uri, "a session's socket must be named, by socket=/path, for netcat", "none");
  }
  const netcat = knowsSocket ? netcatCommand(uri, readOnly) : "echo no virt-ssh-helper here >&2; exit 127";
  if (proxy === "netcat" || namedFor.length > 0) return `sh -c '${netcat}'`;
  return `sh -c 'if command -v virt-ssh-helper >/dev/null 2>&1; then exec ${helper}; fi; ${netcat}'`;
}

/** Some netcats would stay for ever when ssh has gone, unless told not to by -q. */
function netcatCommand(uri: LibvirtUri, readOnly: boolean): string {
  const netcat = quoted(uri, "netcat", uri.parameters.get("netcat") ?? "nc");
  const paths = socketPaths(uri, { readOnly, seeker: ANYBODY }).map((path) => quoted(uri, "socket", path));
  return [
    `if ${netcat} -q 2>&1 | grep "requires an argument" >/dev/null; then q=-q0; else q=; fi`,
    `for s in ${paths.join(" ")}; do if test -S "$s"; then exec ${netcat} $q -U "$s"; fi; done`,
    `echo no socket at ${paths.join(" ")} >&2; exit 1`,
  ].join("; ");
}

function quoted(uri: LibvirtUri, what: string, value: string): string {
  if (!PLAIN.test(value))
    throw refusal(uri, `${what} must have no quotes, spaces and other special characters`, value);
  return `"${value}"`;
}

function refusal(uri: LibvirtUri, problem: string, value: string): KvmeterError {
  const text = `Cannot use the libvirt URI "${uri.text}": ${problem}, current value is "${value}"`;
  return new KvmeterError("LIBVIRT_URI", text);
}
