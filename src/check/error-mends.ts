import { userInfo } from "node:os";

import { type ErrorCode, KvmeterError } from "../errors.ts";
import { shellWord } from "./finding.ts";

/** Whom an error kept from what. */
interface Concerned {
  readonly user: string;
  /** The hypervisor's URI or the destination's endpoint. */
  readonly target: string;
}

/** The exact commands beside what the errors' messages say. */
const COMMANDS: Partial<Record<ErrorCode, (concerned: Concerned) => string>> = {
  LIBVIRT_SOCKET_MISSING: () =>
    "systemctl enable --now virtqemud.socket (or libvirtd.socket, where libvirtd serves all drivers)",
  LIBVIRT_SOCKET_REFUSED: () => "systemctl restart virtqemud (or libvirtd, where it serves all drivers)",
  LIBVIRT_SOCKET_PERMISSION: ({ user }) => `usermod -aG libvirt ${user}, then start kvmeter again`,
  LIBVIRT_DEADLINE: ({ target }) =>
    `virsh -r -c ${shellWord(target)} list tells whether the daemon answers others`,
  OTLP_CONNECT: ({ target }) => reach(target),
  OTLP_DEADLINE: ({ target }) => `${reach(target)}; firewalls drop without a word`,
};

/** The exact command for an error, where there is one beside what its message says. */
export function commandFor(error: unknown, target: string): string | undefined {
  if (!(error instanceof KvmeterError)) return undefined;
  return COMMANDS[error.code]?.({ user: shellWord(userName()), target });
}

function reach(endpoint: string): string {
  const url = URL.parse(/^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`);
  if (url === null) return "check the endpoint";
  const host = shellWord(url.hostname.replaceAll(/[[\]]/g, ""));
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return `getent hosts ${host} tells whether the name is known here, nc -vz ${host} ${port} whether the port can be reached`;
}

/** Of a user without an entry in passwd, as in many containers, its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? "kvmeter");
  }
}
