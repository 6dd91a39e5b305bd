import type { XdrWriter } from "../libvirt/xdr-writer.ts";
import type { Release } from "./shape.ts";

/** virErrorDomain: who in libvirt raised an error. */
export const ErrorDomain = { none: 0, rpc: 7, qemu: 10, domain: 20 } as const;

/** virErrorNumber, those that the simulator raises itself. */
export const ErrorCode = {
  internal: 1,
  noConnect: 5,
  invalidArgument: 8,
  rpc: 39,
  noDomain: 42,
  noNetwork: 43,
  authFailed: 45,
  noStoragePool: 49,
  operationInvalid: 55,
  argumentUnsupported: 74,
} as const;

const LEVEL_ERROR = 2;

/** An error that the daemon answers a call with. */
export class ReplyError extends Error {
  readonly code: number;
  readonly domain: number;
  /** The format of the message and what fills it, as libvirt sends them along. */
  readonly format: string;
  readonly detail: string;

  constructor(code: number, domain: number, text: { format: string; detail: string }) {
    super(text.format.replace("%s", () => text.detail));
    this.code = code;
    this.domain = domain;
    this.format = text.format;
    this.detail = text.detail;
  }
}

export function internalError(detail: string): ReplyError {
  return new ReplyError(ErrorCode.internal, ErrorDomain.rpc, { format: "internal error: %s", detail });
}

export function rpcError(detail: string): ReplyError {
  return new ReplyError(ErrorCode.rpc, ErrorDomain.rpc, { format: "%s", detail });
}

/** remote_error of remote_protocol.x, as libvirtd fills it; newer ones number what fills the format. */
export function writeError(writer: XdrWriter, error: ReplyError, release: Release): void {
  const text = (value: string | undefined): void =>
    writer.optional(value, (present) => writer.string(present));
  writer.i32(error.code);
  writer.i32(error.domain);
  text(error.message);
  writer.i32(LEVEL_ERROR);
  writer.bool(false);
  text(release === "9.0" ? error.format : error.format.replace("%s", () => "%1$s"));
  text(error.detail);
  text(undefined);
  writer.i32(-1);
  writer.i32(-1);
  writer.bool(false);
}
