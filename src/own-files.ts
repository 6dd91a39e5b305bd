import { readFileSync } from "node:fs";
import { getAsset, isSea } from "node:sea";

/**
 * The text of a file that belongs to kvmeter. The single executable has it inside and needs no file beside it.
 * @param path from the package's root, as `proto/opentelemetry/…`
 */
export function readOwnFile(path: string): string {
  return isSea() ? getAsset(path, "utf8") : readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
}
