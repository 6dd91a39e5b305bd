import type { Procedure } from "../procedure.ts";

/** virDrvFeature, the ones that a client of the remote protocol asks for. */
export const Feature = {
  /** Keepalive in both directions; asking for it is also what switches the daemon's own pings on. */
  keepalive: 10,
  /** Events are registered by EVENT_REGISTER (316) and carry a callback number. */
  eventCallbacks: 14,
  /** The daemon tells when its own connection to the hypervisor closes. */
  closeCallback: 15,
} as const;

/** Is the feature there? Allowed before CONNECT_OPEN for {@link Feature.keepalive}. */
export const supportsFeature: Procedure<number, boolean> = {
  number: 60,
  name: "CONNECT_SUPPORTS_FEATURE",
  priority: true,
  // int feature -> int supported
  encode: (writer, feature) => writer.i32(feature),
  decode: (reader) => reader.i32() !== 0,
};
