import { ErrorCode, ErrorDomain, ReplyError, internalError } from "./reply-error.ts";
import type { HandlerRow } from "./session.ts";

/** virDrvFeature that a remote daemon says yes to. */
const FEATURES = new Set([3, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const FEATURE_KEEPALIVE = 10;
const AUTH_NONE = 0;
const AUTH_POLKIT = 2;
const VERSIONS = {
  "9.0": { libvirt: 9_000_000, qemu: 7_002_022 },
  "12.8": { libvirt: 12_008_000, qemu: 11_001_000 },
} as const;
const MODEL_BYTES = 32;

/** Procedures of the connection and its host. */
export const CONNECTION_HANDLERS = {
  // void -> int types<20>
  AUTH_LIST: {
    priority: true,
    early: "unauthenticated",
    handle(session, _reader, writer) {
      if (session.daemon.authentication !== "polkit") session.authenticated = true;
      writer.u32(1);
      writer.i32(session.authenticated ? AUTH_NONE : AUTH_POLKIT);
    },
  },
  // void -> int complete
  AUTH_POLKIT: {
    priority: true,
    early: "unauthenticated",
    handle(session, _reader, writer) {
      if (session.authenticated) {
        throw new ReplyError(ErrorCode.authFailed, ErrorDomain.rpc, {
          format: "authentication failed: %s",
          detail: "",
        });
      }
      session.authenticated = true;
      writer.i32(1);
    },
  },
  // str? name, uint flags -> void
  CONNECT_OPEN: {
    priority: true,
    early: "unopened",
    handle(session, reader) {
      const uri = reader.optional(() => reader.string());
      // Read-only or not: nothing can be changed here.
      reader.u32();
      if (session.opened) {
        session.opened = false;
        throw internalError("connection already open");
      }
      if (uri === undefined) throw internalError("connection not open");
      if (!/^qemu:\/\/\/(system|session)$/.test(uri)) {
        throw new ReplyError(ErrorCode.noConnect, ErrorDomain.none, {
          format: "no connection driver available for %s",
          detail: uri,
        });
      }
      session.opened = true;
    },
  },
  // void -> void
  CONNECT_CLOSE: {
    priority: true,
    early: "unopened",
    handle(session) {
      session.closeAfterReply();
    },
  },
  // int feature -> int supported
  CONNECT_SUPPORTS_FEATURE: {
    priority: true,
    early: "unopened",
    handle(session, reader, writer) {
      const feature = reader.i32();
      if (feature === FEATURE_KEEPALIVE) session.startKeepalive();
      writer.i32(FEATURES.has(feature) ? 1 : 0);
    },
  },
  // void -> str
  CONNECT_GET_TYPE: { priority: true, handle: (_session, _reader, writer) => writer.string("QEMU") },
  // void -> u64
  CONNECT_GET_VERSION: {
    priority: true,
    handle: ({ daemon }, _reader, writer) => writer.u64(VERSIONS[daemon.release].qemu),
  },
  // void -> u64
  CONNECT_GET_LIB_VERSION: {
    priority: true,
    handle: ({ daemon }, _reader, writer) => writer.u64(VERSIONS[daemon.release].libvirt),
  },
  // void -> str
  CONNECT_GET_HOSTNAME: {
    priority: true,
    handle: ({ daemon }, _reader, writer) => writer.string(daemon.host.name),
  },
  // void -> str
  CONNECT_GET_URI: { priority: true, handle: (_session, _reader, writer) => writer.string("qemu:///system") },
  // void -> char model[32], u64 memKiB, int cpus, mhz, nodes, sockets, cores, threads
  NODE_GET_INFO: {
    priority: true,
    handle({ daemon: { host } }, _reader, writer) {
      const model = Buffer.alloc(MODEL_BYTES);
      model.write("x86_64");
      for (const character of model) writer.i32(character);
      writer.u64(host.memoryKiB);
      writer.i32(host.sockets * host.coresPerSocket * host.threadsPerCore);
      writer.i32(host.mhz);
      writer.i32(host.sockets);
      // libvirt counts sockets per NUMA node.
      writer.i32(1);
      writer.i32(host.coresPerSocket);
      writer.i32(host.threadsPerCore);
    },
  },
  // void -> void
  CONNECT_REGISTER_CLOSE_CALLBACK: { priority: true, handle: () => undefined },
  // void -> void
  CONNECT_UNREGISTER_CLOSE_CALLBACK: { priority: true, handle: () => undefined },
} as const satisfies Record<string, HandlerRow>;
