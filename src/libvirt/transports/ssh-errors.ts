import { type ErrorCode, KvmeterError } from "../../errors.ts";

/** How ssh ended. */
export interface SshEnd {
  /** What it and the far side said on standard error, bounded. */
  readonly said: string;
  /** ssh's own is 255, else it is that of the far side's program. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Failure {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly mend: string;
}

/** The first that matches counts. */
const FAILURES: readonly Failure[] = [
  {
    pattern: /HOST IDENTIFICATION HAS CHANGED/,
    code: "LIBVIRT_AUTHENTICATION",
    mend: "the host's key is another than known_hosts has; if that is right, remove the old one with ssh-keygen -R",
  },
  {
    pattern: /Host key verification failed/,
    code: "LIBVIRT_AUTHENTICATION",
    mend: "the host's key is not known; put it into known_hosts of the user that kvmeter runs as, or name the file with ?known_hosts=",
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY|Load key .*: (Permission denied|bad permissions)/,
    code: "LIBVIRT_AUTHENTICATION",
    mend: "the private key must be readable by the user that kvmeter runs as, and by nobody else",
  },
  {
    pattern: /Permission denied \(|Too many authentication failures/,
    code: "LIBVIRT_AUTHENTICATION",
    mend: "put a key without passphrase, or an agent's, into authorized_keys there, and name its file with ?keyfile=",
  },
  {
    pattern: /^(ssh: |kex_exchange_identification|Connection (closed|reset) by)/m,
    code: "LIBVIRT_CONNECT",
    mend: "check host and port, and that an ssh server listens there",
  },
  {
    pattern: /cannot connect to '|no socket at |nc: .*: (Connection refused|No such file|Permission denied)/,
    code: "LIBVIRT_CONNECT",
    mend: "start the daemon on that host, and let the user open its socket",
  },
  {
    pattern: /not found|no virt-ssh-helper/,
    code: "LIBVIRT_CONNECT",
    mend: "install virt-ssh-helper (with libvirt's client or daemon), or a netcat that knows -U, on that host",
  },
];

/** The error for an ssh that ended by itself. */
export function sshError(peer: string, end: SshEnd): KvmeterError {
  const failure = FAILURES.find(({ pattern }) => pattern.test(end.said));
  const said = lastWords(end.said);
  const how = end.signal === null ? `exit code ${end.exitCode}` : end.signal;
  const words = said === "" ? `ssh ended with ${how}` : `${said} (${how})`;
  const mend = failure === undefined ? "" : `; ${failure.mend}`;
  return new KvmeterError(
    failure?.code ?? "LIBVIRT_DISCONNECTED",
    `Cannot reach libvirt over ${peer}: ${words}${mend}`,
  );
}

/** The error for an ssh that was given up before anything came through it. */
export function sshSilent(peer: string, said: string): KvmeterError {
  const words = lastWords(said);
  return new KvmeterError(
    "LIBVIRT_DEADLINE",
    `Cannot reach libvirt over ${peer}: no answer in time${words === "" ? "" : `, only: ${words}`}; check that the host is up and no firewall is between, or raise the timeout`,
  );
}

/** The last lines in one, without what could play tricks on a terminal or a log. */
function lastWords(said: string): string {
  return said
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(/\p{C}+/gu, " ").trim())
    .filter((line) => line !== "" && !/^@+$/.test(line))
    .slice(-2)
    .join(" / ")
    .slice(0, 500);
}
