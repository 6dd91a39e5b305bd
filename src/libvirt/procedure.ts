import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** One call of the remote protocol. Each lives in a file of its own under procedures/. */
export interface Procedure<Arguments, Result> {
  /** REMOTE_PROC_* in remote_protocol.x. */
  readonly number: number;
  /** For logs, errors and the metric of calls: LIST_ALL_DOMAINS. */
  readonly name: string;
  encode(writer: XdrWriter, args: Arguments): void;
  decode(reader: XdrReader): Result;
}
