import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** One call of the remote protocol. Each lives in a file of its own under procedures/. */
export interface Procedure<Arguments, Result> {
  /** REMOTE_PROC_* in remote_protocol.x. */
  readonly number: number;
  /** For logs, errors and the metric of calls: LIST_ALL_DOMAINS. */
  readonly name: string;
  /**
   * `@priority: high` in remote_protocol.x: the daemon serves it by workers that never wait for a hypervisor, so it
   * answers even when every ordinary worker is stuck behind a hung QEMU.
   */
  readonly priority: boolean;
  encode(writer: XdrWriter, args: Arguments): void;
  decode(reader: XdrReader): Result;
}

/** Codec of a call without arguments, or of a reply without a body. */
export function nothing(): undefined {
  return undefined;
}
