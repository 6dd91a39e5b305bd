import type { Integer } from "../integer.ts";
import { fitsInt64, writeFixed64 } from "./fixed64.ts";
import { TAG_AS_DOUBLE, TAG_AS_INT } from "./skeleton.ts";

/** Where messages are put together. */
export interface Output {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
}

/** Writes a value behind its tag, which is at `at` and right for nearly all values of the metric. */
export function writeNumber({ bytes, view }: Output, at: number, value: Integer): void {
  if (bytes[at] === TAG_AS_INT && fitsInt64(value)) {
    writeFixed64(view, at + 1, value);
  } else {
    bytes[at] = TAG_AS_DOUBLE;
    view.setFloat64(at + 1, Number(value), true);
  }
}
