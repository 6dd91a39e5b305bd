import type { XdrReader } from "../libvirt/xdr-reader.ts";
import type { XdrWriter } from "../libvirt/xdr-writer.ts";
import type { Daemon } from "./daemon.ts";

/** One client, as the procedures see it. */
export interface Session {
  readonly daemon: Daemon;
  authenticated: boolean;
  /** Is a hypervisor open? */
  opened: boolean;
  /** Callback number to what was asked for. */
  readonly callbacks: Map<number, { readonly eventId: number; readonly uuid: string | undefined }>;
  startKeepalive(): void;
  /** Closes the connection once the reply to this call is out. */
  closeAfterReply(): void;
}

/** Reads a call's payload and writes its reply's, in the grammar of the comment above it. */
export type Handler = (session: Session, reader: XdrReader, writer: XdrWriter) => void | Promise<void>;

/** How a procedure is served. */
export interface HandlerRow {
  readonly handle: Handler;
  /** Served by the workers that are never stuck. */
  readonly priority: boolean;
  /** Allowed before OPEN, and before authentication. */
  readonly early?: "unopened" | "unauthenticated";
}
