import { userInfo } from "node:os";

import { type ErrorCode, KvmeterError } from "../errors.ts";
import { fill, shellWord } from "./finding.ts";

const REACH =
  "getent hosts {host} tells whether the name is known here, nc -vz {host} {port} whether the port can be reached";

/** The exact commands beside what the errors' messages say; `{uri}`, `{host}` and `{port}` are what could not be reached. */
export const COMMANDS: Partial<Record<ErrorCode, string>> = {
  LIBVIRT_SOCKET_MISSING:
    "systemctl enable --now virtqemud.socket (or libvirtd.socket, where libvirtd serves all drivers)",
  LIBVIRT_SOCKET_REFUSED: "systemctl restart virtqemud (or libvirtd, where it serves all drivers)",
  LIBVIRT_SOCKET_PERMISSION: "usermod -aG libvirt {user}, then start kvmeter again",
  LIBVIRT_DEADLINE: "virsh -r -c {uri} list tells whether the daemon answers others",
  OTLP_CONNECT: REACH,
  OTLP_DEADLINE: `${REACH}; firewalls drop without a word`,
};

/** The exact command for an error, where there is one; `target` is the hypervisor's URI or the destination's endpoint. */
export function commandFor(error: unknown, target: string): string | undefined {
  const command = error instanceof KvmeterError ? COMMANDS[error.code] : undefined;
  if (command === undefined) return undefined;
  const url = URL.parse(/^[a-z][a-z+]*:\/\//.test(target) ? target : `https://${target}`);
  const host = url?.hostname.replaceAll(/[[\]]/g, "") ?? "";
  const port = url?.port || (url?.protocol === "http:" ? "80" : "443");
  return fill(command, { user: shellWord(userName()), uri: shellWord(target), host: shellWord(host), port });
}

/** Of a user without an entry in passwd, as in many containers, its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? "kvmeter");
  }
}
