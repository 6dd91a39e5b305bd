import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The daemons whose replies are recorded, by scripts/record-fixtures.ts. */
export const RECORDED_VERSIONS = ["9.0.0", "12.8.0"] as const;

const FOLDER = join(import.meta.dirname, "..", "fixtures", "replies");

/** The payload of one message, as the daemon sent it. */
export function recordedReply(version: string, name: string): Buffer {
  return readFileSync(join(FOLDER, version, `${name}.bin`));
}

/** One domain of `virsh domstats`. */
export interface PrintedDomain {
  readonly name: string;
  /** Values as virsh prints them, by field. */
  readonly fields: ReadonlyMap<string, string>;
}

/** What virsh printed before or after statistics-paused was recorded. */
export function printedStatistics(version: string, moment: "before" | "after"): PrintedDomain[] {
  const text = readFileSync(join(FOLDER, version, `domstats-${moment}.txt`), "utf8");
  return text
    .split("Domain: '")
    .slice(1)
    .map((block) => {
      const [name = "", ...lines] = block.trimEnd().split("\n");
      const fields = lines.map((line): [string, string] => {
        const at = line.indexOf("=");
        return [line.slice(0, at).trim(), line.slice(at + 1)];
      });
      return { name: name.slice(0, -1), fields: new Map(fields) };
    });
}
