/**
 * /proc/pressure/{cpu,memory,io,irq}, how much time was lost waiting for a resource.
 * https://docs.kernel.org/accounting/psi.html
 *
 *     some avg10=0.22 avg60=0.17 avg300=1.11 total=58761459
 *     full avg10=0.22 avg60=0.16 avg300=1.08 total=58761459
 *
 * some: at least one task waited; full: all that were not idle did. Averages over 10, 60 and 300 seconds in percent,
 * total in microseconds. cpu has full from Linux 5.13 on (always 0), irq came with 6.1 and has full only.
 */
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount, parseFixed } from "./numbers.ts";

const LIMIT_BYTES = 4096;

/** Scopes by the names of their files. */
const FILES = {
  cpu: "hostCpuPressure",
  memory: "hostMemoryPressure",
  io: "hostIoPressure",
  irq: "hostIrqPressure",
} as const;

const LINE = /^(some|full) avg10=(\S+) avg60=(\S+) avg300=(\S+) total=(\S+)/;

/** Time lost waiting for CPUs, memory, disks and interrupts. */
export const procPressure = {
  name: "pressure",
  file: "{procfs}/pressure",
  needs: "a kernel with CONFIG_PSI that was not started with psi=0, in some distributions with psi=1",
  scopes: {
    hostCpuPressure: scopeOf("cpu"),
    hostMemoryPressure: scopeOf("memory"),
    hostIoPressure: scopeOf("io"),
    hostIrqPressure: scopeOf("irq"),
  },
  async read({ procfs, onFault }) {
    const items: Record<string, readonly HostItem[]> = {};
    for (const [name, scope] of Object.entries(FILES)) {
      const lines: HostItem[] = [];
      const file = { path: `${procfs}/pressure/${name}`, limitBytes: LIMIT_BYTES };
      const isThere = await readLines(file, { onFault }, (line) => {
        const pressure = parsePressure(line);
        if (pressure === undefined) return "not a line of pressure";
        lines.push(pressure);
        return undefined;
      });
      if (isThere) items[scope] = lines;
    }
    return Object.keys(items).length === 0 ? undefined : items;
  },
} as const satisfies HostReader;

function scopeOf(name: keyof typeof FILES) {
  return {
    group: "pressure",
    isSteady: true,
    fields: {
      tenSeconds: field(`/proc/pressure/${name} avg10`, "hundredths of a percent"),
      oneMinute: field(`/proc/pressure/${name} avg60`, "hundredths of a percent"),
      fiveMinutes: field(`/proc/pressure/${name} avg300`, "hundredths of a percent"),
      timeUs: field(`/proc/pressure/${name} total`, "us"),
    },
  } as const;
}

function parsePressure(line: string): HostItem | undefined {
  const [, stallType, ...texts] = LINE.exec(line) ?? [];
  const [tenSeconds, oneMinute, fiveMinutes] = texts.map((text) => parseFixed(text, 2));
  const timeUs: Integer | undefined = parseCount(texts[3]);
  const isWhole = [tenSeconds, oneMinute, fiveMinutes, timeUs].every((value) => value !== undefined);
  return stallType === undefined || !isWhole
    ? undefined
    : item([stallType], { tenSeconds, oneMinute, fiveMinutes, timeUs });
}
