import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects the whole heap, now. */
export const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of the heap that are alive. */
export function liveHeapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
