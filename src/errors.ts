/**
 * Every error that kvmeter raises itself: a closed list of codes, each with what it means and whether
 * trying again can help. Messages say "Cannot do X: current value is Y" and how to mend it, in one line.
 */

interface ErrorKind {
  /** Can the same action succeed later without anybody changing anything? */
  readonly retryable: boolean;
  /** Exit code when it ends the program: 1 failure, 2 usage or configuration. */
  readonly exitCode: 1 | 2;
  /** One sentence for docs/errors.md. */
  readonly meaning: string;
}

export const ERROR_KINDS = {
  USAGE: {
    retryable: false,
    exitCode: 2,
    meaning: "The command line has an unknown command, option or value.",
  },
  CONFIG_UNREADABLE: { retryable: false, exitCode: 2, meaning: "The configuration file cannot be read." },
  CONFIG_SYNTAX: { retryable: false, exitCode: 2, meaning: "The configuration file is not valid YAML." },
  CONFIG_INVALID: {
    retryable: false,
    exitCode: 2,
    meaning: "A configuration option is unknown or has a wrong value.",
  },
  CONFIG_REFERENCE: {
    retryable: false,
    exitCode: 2,
    meaning: "A ${env:…} or ${file:…} in the configuration cannot be resolved.",
  },
  ENVIRONMENT_INVALID: {
    retryable: false,
    exitCode: 2,
    meaning: "An OTEL_* environment variable has a wrong value.",
  },
  LIBVIRT_URI: {
    retryable: false,
    exitCode: 2,
    meaning: "The libvirt URI is malformed or names an unsupported transport.",
  },
  LIBVIRT_SOCKET_MISSING: {
    retryable: true,
    exitCode: 1,
    meaning: "No libvirt socket exists at the expected paths.",
  },
  LIBVIRT_SOCKET_REFUSED: {
    retryable: true,
    exitCode: 1,
    meaning: "The libvirt socket exists, but no daemon listens on it.",
  },
  LIBVIRT_SOCKET_PERMISSION: {
    retryable: false,
    exitCode: 1,
    meaning: "This user may not open the libvirt socket.",
  },
  LIBVIRT_CONNECT: {
    retryable: true,
    exitCode: 1,
    meaning: "The hypervisor's host or the daemon on it cannot be reached.",
  },
  LIBVIRT_TLS: {
    retryable: false,
    exitCode: 1,
    meaning: "TLS with the daemon failed: certificate, name or protocol.",
  },
  LIBVIRT_AUTHENTICATION: {
    retryable: false,
    exitCode: 1,
    meaning: "The daemon wants an authentication that was refused or that kvmeter does not have.",
  },
  LIBVIRT_REPLY: { retryable: true, exitCode: 1, meaning: "The daemon answered a call with an error." },
  LIBVIRT_PROTOCOL: {
    retryable: true,
    exitCode: 1,
    meaning: "Bytes from the daemon break the RPC protocol.",
  },
  LIBVIRT_DISCONNECTED: { retryable: true, exitCode: 1, meaning: "The connection to the daemon ended." },
  LIBVIRT_DEADLINE: {
    retryable: true,
    exitCode: 1,
    meaning: "The daemon did not answer a call before its deadline.",
  },
  DOMAIN_SILENT: {
    retryable: true,
    exitCode: 1,
    meaning:
      "A domain's QEMU is stopped, hangs or is busy, so that only a part of its statistics can be read.",
  },
  SOURCE_DEADLINE: {
    retryable: true,
    exitCode: 1,
    meaning: "A source was not read within the time that a cycle has for it.",
  },
  HOST_FILE: {
    retryable: true,
    exitCode: 1,
    meaning: "A file of the kernel's cannot be read, or is not as the kernel writes it.",
  },
  EVENTS_LOST: {
    retryable: false,
    exitCode: 1,
    meaning:
      "More happened between two cycles than is kept, so that some events were neither counted nor sent.",
  },
  DOMAIN_XML: { retryable: false, exitCode: 1, meaning: "A domain's XML cannot be understood." },
  OTLP_CONNECT: { retryable: true, exitCode: 1, meaning: "The OTLP backend cannot be reached." },
  OTLP_TLS: {
    retryable: false,
    exitCode: 1,
    meaning: "TLS with the OTLP backend failed: certificate, name or protocol.",
  },
  OTLP_REFUSED: { retryable: false, exitCode: 1, meaning: "The OTLP backend refused the data." },
  OTLP_UNAVAILABLE: { retryable: true, exitCode: 1, meaning: "The OTLP backend asked to try again later." },
  OTLP_DEADLINE: { retryable: true, exitCode: 1, meaning: "The OTLP backend did not answer in time." },
  STATE_IN_USE: {
    retryable: false,
    exitCode: 1,
    meaning: "Another agent uses the state directory.",
  },
  LISTEN: { retryable: false, exitCode: 1, meaning: "A socket cannot be listened on." },
  ENDPOINT_SILENT: {
    retryable: true,
    exitCode: 1,
    meaning: "The local endpoint of the agent does not answer `kvmeter health`.",
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** An error of kvmeter's own. `cause` keeps what was caught. */
export class KvmeterError extends Error {
  override readonly name: string = "KvmeterError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Known from the code alone. */
  get retryable(): boolean {
    return ERROR_KINDS[this.code].retryable;
  }

  /** 1 failure, 2 usage or configuration. */
  get exitCode(): 1 | 2 {
    return ERROR_KINDS[this.code].exitCode;
  }
}

/** What to print of anything that was thrown: its message, with that of its cause where it adds something. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? thrown.cause.message : "";
  return cause === "" || thrown.message.includes(cause) ? thrown.message : `${thrown.message}: ${cause}`;
}
