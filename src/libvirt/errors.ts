import { KvmeterError } from "../errors.ts";
import { oneLine } from "../printable.ts";
import { beginningOf } from "./beginning-of.ts";
import { readDomainRef, readUuid } from "./domain-ref.ts";
import type { XdrReader } from "./xdr-reader.ts";

/** The codes of virErrorNumber (libvirt/virterror.h) that an observer meets. */
export const LibvirtErrorCode = {
  internalError: 1,
  noSupport: 3,
  noConnect: 5,
  invalidArgument: 8,
  operationFailed: 9,
  /** A call that changes something, on a read-only connection. */
  operationDenied: 29,
  /** A system call of the daemon's failed. */
  systemError: 38,
  /** The daemon could not serve the message: not authenticated yet, or a reply that would be too large. */
  rpc: 39,
  noDomain: 42,
  noNetwork: 43,
  authenticationFailed: 45,
  noStoragePool: 49,
  operationInvalid: 55,
  operationTimeout: 68,
  authenticationCancelled: 79,
  operationUnsupported: 84,
  /** An access control driver (polkit) refuses this object or operation. */
  accessDenied: 88,
  authenticationUnavailable: 94,
} as const;

/** virNetMessageError, the part that says something. */
export interface LibvirtErrorReply {
  /** virErrorNumber; see {@link LibvirtErrorCode}. */
  readonly code: number;
  /** virErrorDomain: the part of libvirt that raised it, 10 is the QEMU driver. */
  readonly domain: number;
  /** virErrorLevel: 1 warning, 2 error. */
  readonly level: number;
  /** In the daemon's language. */
  readonly message: string;
}

/** A message of the daemon may hold a whole log of QEMU's; this much of it is kept. */
const MESSAGE_LIMIT = 1000;

/**
 * The daemon's answer to a call was an error. Match on `libvirtCode`, never on the text: that is in the daemon's
 * language.
 */
export class LibvirtError extends KvmeterError {
  override readonly name: string = "LibvirtError";
  /** The call that was answered: LIST_ALL_DOMAINS. */
  readonly procedure: string;
  /** virErrorNumber; see {@link LibvirtErrorCode}. */
  readonly libvirtCode: number;
  /** virErrorDomain: the part of libvirt that raised it. */
  readonly libvirtDomain: number;
  /** virErrorLevel: 1 warning, 2 error. */
  readonly level: number;
  /** The daemon's own words, in its language, at most 1000 characters. */
  readonly libvirtMessage: string;

  constructor(procedure: string, reply: LibvirtErrorReply) {
    const text = beginningOf(reply.message, MESSAGE_LIMIT);
    super(
      "LIBVIRT_REPLY",
      `Cannot run ${procedure}: libvirt error ${reply.code} (from its part ${reply.domain}): ${oneLine(text)}`,
    );
    this.procedure = procedure;
    this.libvirtCode = reply.code;
    this.libvirtDomain = reply.domain;
    this.level = reply.level;
    this.libvirtMessage = text;
  }
}

/** The daemon did not answer a call in time. */
export class LibvirtDeadlineError extends KvmeterError {
  override readonly name: string = "LibvirtDeadlineError";
  /** The call: GET_ALL_DOMAIN_STATS. */
  readonly procedure: string;
  /** False when the call never left, because too many earlier ones were unanswered: it says nothing of its domains. */
  readonly sent: boolean;

  constructor(procedure: string, details: { timeoutMs: number; sent: boolean; outstanding: number }) {
    const { timeoutMs, sent, outstanding } = details;
    super(
      "LIBVIRT_DEADLINE",
      sent
        ? `Cannot run ${procedure}: no answer within ${timeoutMs} ms`
        : `Cannot run ${procedure}: not sent within ${timeoutMs} ms, because ${outstanding} earlier calls are unanswered`,
    );
    this.procedure = procedure;
    this.sent = sent;
  }
}

/**
 * int code, int domain, string? message, int level, domain? dom, string? str1, string? str2, string? str3,
 * int int1, int int2, network? net
 */
export function readLibvirtError(reader: XdrReader): LibvirtErrorReply {
  const text = (): string => reader.string();
  const code = reader.i32();
  const domain = reader.i32();
  const message = reader.optional(text) ?? "";
  const level = reader.i32();
  reader.optional(() => readDomainRef(reader));
  for (let extra = 0; extra < 3; extra++) reader.optional(text);
  reader.skip(8);
  reader.optional(() => {
    reader.string();
    readUuid(reader);
  });
  return { code, domain, level, message };
}
