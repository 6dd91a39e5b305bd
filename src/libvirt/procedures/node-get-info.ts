import type { Integer } from "../../integer.ts";
import { nothing, type Procedure } from "../procedure.ts";

const MODEL_CHARACTERS = 32;

/** virNodeInfo in libvirt/libvirt-host.h. */
export interface NodeInfo {
  /** The CPU's architecture: x86_64. */
  readonly model: string;
  readonly memoryKiB: Integer;
  /** Active CPUs. */
  readonly cpus: number;
  /** Expected frequency, 0 where unknown. */
  readonly frequencyMHz: number;
  /** NUMA nodes, 1 where libvirt cannot tell. */
  readonly numaNodes: number;
  readonly socketsPerNode: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
}

/** The hypervisor's hardware. */
export const nodeGetInfo: Procedure<undefined, NodeInfo> = {
  number: 6,
  name: "NODE_GET_INFO",
  priority: true,
  // void -> char model[32], unsigned hyper memory, int cpus, mhz, nodes, sockets, cores, threads
  encode: nothing,
  decode(reader) {
    // an array of char is an array of ints on the wire
    const characters = Array.from({ length: MODEL_CHARACTERS }, () => reader.i32() & 0xff);
    const end = characters.indexOf(0);
    return {
      model: Buffer.from(end < 0 ? characters : characters.slice(0, end)).toString("utf8"),
      memoryKiB: reader.u64(),
      cpus: reader.i32(),
      frequencyMHz: reader.i32(),
      numaNodes: reader.i32(),
      socketsPerNode: reader.i32(),
      coresPerSocket: reader.i32(),
      threadsPerCore: reader.i32(),
    };
  },
};
