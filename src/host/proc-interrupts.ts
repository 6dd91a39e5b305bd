/**
 * /proc/interrupts, how often each interrupt was taken on each CPU.
 * https://docs.kernel.org/filesystems/proc.html#kernel-data and arch/x86/kernel/irq.c
 *
 *                CPU0       CPU1
 *      25:          0          1  IO-APIC   6-edge      ACPI:Ged
 *      39:      62172          0  PCI-MSIX-0000:00:03.0   2-edge      virtio2-output.0
 *     LOC:    3599434    3570195   Local timer interrupts
 *     ERR:          0
 *
 * A number for each CPU that is online, then for a device's interrupt its controller, its line, and the names of
 * those who wait for it. Interrupts with letters are the architecture's own, and some count for all CPUs at once.
 */
import { add, type Integer } from "../integer.ts";
import { field, type HostReader, item } from "./host-reader.ts";
import { readLines } from "./lines.ts";

/** 4,096 CPUs with some hundred lines. */
const LIMIT_BYTES = 33_554_432;
const TYPE_LIMIT = 200;
const OTHERS = "other";
const SPACE = 32;
const ZERO = 48;

/** Interrupts of all CPUs together, by their kind or by the driver whose device sent them. */
export const procInterrupts = {
  name: "interrupts",
  file: "{procfs}/interrupts",
  needs: "a mounted /proc",
  scopes: {
    hostInterrupt: {
      group: "interrupts",
      fields: { interrupts: field("/proc/interrupts, all CPUs", "count") },
    },
  },
  async read({ procfs, onFault }) {
    const types = new Map<string, Integer>();
    let cpus: number | undefined;
    const file = { path: `${procfs}/interrupts`, limitBytes: LIMIT_BYTES };
    const isThere = await readLines(file, { onFault }, (line) => {
      if (cpus === undefined) {
        cpus = line.trim() === "" ? 0 : line.trim().split(/\s+/).length;
        return /^(?:\s+CPU\d+)+\s*$/.test(line) ? undefined : "not a head with CPUs";
      }
      const colon = line.indexOf(":");
      const counted = colon < 0 ? undefined : sumNumbers(line, { from: colon + 1, count: cpus });
      if (counted === undefined) return "not an interrupt with a number for each CPU";
      const id = line.slice(0, colon).trim();
      const name = /^\d+$/.test(id) ? driverOf(line.slice(counted.end)) : id;
      const type = types.has(name) || types.size < TYPE_LIMIT ? name : OTHERS;
      types.set(type, add(types.get(type) ?? 0, counted.sum));
      return undefined;
    });
    if (!isThere) return undefined;
    return { hostInterrupt: Array.from(types, ([type, interrupts]) => item([type], { interrupts })) };
  },
} as const satisfies HostReader;

/**
 * Adds up to so many numbers from there on. By hand, since with 128 CPUs and some hundred interrupts it is most of what
 * the host has to tell.
 */
function sumNumbers(
  line: string,
  { from, count }: { readonly from: number; readonly count: number },
): { readonly sum: number; readonly end: number } | undefined {
  let sum = 0;
  let found = 0;
  let at = from;
  while (found < count) {
    while (line.charCodeAt(at) === SPACE) at += 1;
    const begin = at;
    let value = 0;
    for (;;) {
      const digit = line.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      at += 1;
    }
    const isNumber = at > begin && (at === line.length || line.charCodeAt(at) === SPACE);
    if (!isNumber) return found === 1 && at === line.length ? { sum, end: at } : undefined;
    sum += value;
    found += 1;
  }
  return Number.isSafeInteger(sum) ? { sum, end: at } : undefined;
}

/** The name that a driver's devices and queues have in common: virtio of `virtio2-output.0`, nvme of `nvme0q12`. */
function driverOf(description: string): string {
  const action =
    description
      .trim()
      .split(/\s{2,}/)
      .at(-1) ?? "";
  // An older kernel writes a single space between the line and the name.
  const name = action.replace(/^\d+-(?:edge|level|fasteoi)\s+/, "");
  const stem = name.replace(/[\d[(@,].*$/, "").replace(/[^A-Za-z]+$/, "");
  return stem.length >= 2 ? stem : name === "" ? OTHERS : name.slice(0, 40);
}
