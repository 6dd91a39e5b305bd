/**
 * /proc/<pid>/net/dev, what the network interfaces of one process's network namespace have done, as the host sees it.
 * https://docs.kernel.org/networking/statistics.html and net/core/net-procfs.c
 *
 *     Inter-|   Receive                                                |  Transmit
 *      face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
 *       eth0: 4061384    7021    0    0    0     0          0         0   790210    5010    0    0    0     0       0          0
 */
import type { Integer } from "../integer.ts";
import type { HostReadContext } from "./host-reader.ts";
import { readLines } from "./lines.ts";
import { parseCount } from "./numbers.ts";

/** An interface's counters from the host's side: what it receives of a tap is what the guest sent. */
export interface NetDevNumbers {
  readonly receivedBytes: Integer;
  readonly receivedPackets: Integer;
  readonly receiveErrors: Integer;
  readonly receiveDrops: Integer;
  readonly transmittedBytes: Integer;
  readonly transmittedPackets: Integer;
  readonly transmitErrors: Integer;
  readonly transmitDrops: Integer;
}

const LIMIT_BYTES = 4_194_304;

/** Its two first lines are the head of a table. */
const HEAD = /^(?:Inter-| face )\|/;

const COLUMNS: readonly (keyof NetDevNumbers | undefined)[] = [
  "receivedBytes",
  "receivedPackets",
  "receiveErrors",
  "receiveDrops",
  undefined,
  undefined,
  undefined,
  undefined,
  "transmittedBytes",
  "transmittedPackets",
  "transmitErrors",
  "transmitDrops",
];

/** All interfaces that the process sees, by name, as far as they can be understood; undefined when it has ended. */
export async function readProcPidNetDev(
  procfs: string,
  pid: number,
): Promise<ReadonlyMap<string, NetDevNumbers> | undefined> {
  const interfaces = new Map<string, NetDevNumbers>();
  const isThere = await readNetDev(`${procfs}/${pid}/net/dev`, { onFault: ignore }, (name, numbers) => {
    const values = netDevNumbers(numbers);
    if (values !== undefined) interfaces.set(name, values);
    return values !== undefined;
  });
  return isThere ? interfaces : undefined;
}

/**
 * Hands over the name of each interface, and the text of its numbers for {@link netDevNumbers}. `take` answers whether that
 * could be understood.
 * @returns false when there is no such file
 */
export function readNetDev(
  path: string,
  context: Pick<HostReadContext, "onFault">,
  take: (name: string, numbers: string) => boolean,
): Promise<boolean> {
  return readLines({ path, limitBytes: LIMIT_BYTES }, context, (line) => {
    if (HEAD.test(line)) return undefined;
    // The name can have a colon in it itself, as that of an alias.
    const colon = line.lastIndexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim();
    const isUnderstood = name !== "" && take(name, line.slice(colon + 1));
    return isUnderstood ? undefined : "not an interface with its numbers";
  });
}

/** The numbers behind an interface's name; undefined when one of them is none. */
export function netDevNumbers(text: string): NetDevNumbers | undefined {
  const numbers = text.split(" ").filter((part) => part !== "");
  const values: Partial<Record<keyof NetDevNumbers, Integer>> = {};
  for (const [at, key] of COLUMNS.entries()) {
    const value = parseCount(numbers[at]);
    if (value === undefined) return undefined;
    if (key !== undefined) values[key] = value;
  }
  return values as NetDevNumbers;
}

/** Whoever is not found here is asked about elsewhere, and the host's own reader tells what is wrong with the file. */
function ignore(): void {}
