import { nothing, type Procedure } from "../procedure.ts";

/** virConnectFlags in libvirt/libvirt-host.h. */
export const OpenFlags = {
  /** The daemon itself then refuses every call that changes something, on a read-write socket too. */
  readOnly: 1,
} as const;

export interface OpenArguments {
  /** The driver's URI as the daemon knows it: qemu:///system. */
  readonly uri: string;
  /** {@link OpenFlags} */
  readonly flags: number;
}

/** Opens the hypervisor behind the daemon. Once per connection: a second one breaks it. */
export const connectOpen: Procedure<OpenArguments, undefined> = {
  number: 1,
  name: "CONNECT_OPEN",
  priority: true,
  // string? name, unsigned flags -> void
  encode(writer, { uri, flags }) {
    writer.optional(uri, (text) => writer.string(text));
    writer.u32(flags);
  },
  decode: nothing,
};
