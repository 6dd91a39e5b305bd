/**
 * Which process is a domain's QEMU, and when it started. libvirt writes its number to `<run directory>/<name>.pid`
 * (src/qemu/qemu_process.c), and starts it with `-uuid <the domain's>`; the latter is what proves it, for a number
 * can be another process's by now, and in another PID namespace always is.
 */
import { readdir } from "node:fs/promises";

import { isAbsence, readKernelFile } from "../host/kernel-file.ts";
import { readProcPidCmdline } from "../host/proc-pid-cmdline.ts";
import { CLOCK_TICKS_PER_S, readProcPidStat } from "../host/proc-pid-stat.ts";
import { readProcStat } from "../host/proc-stat.ts";
import type { DomainRef } from "../libvirt/types.ts";
import { within } from "../within.ts";
import type { DomainProcess } from "./domain.ts";
import { sideBySide } from "./side-by-side.ts";

export interface ProcessFinderOptions {
  /** The folder of the daemon's socket: /run/libvirt, or $XDG_RUNTIME_DIR/libvirt of a session. */
  readonly runDirectory: string;
  /** Where the kernel shows the processes. */
  readonly procfs?: string | undefined;
}

/** Finds QEMU processes on this machine. Make one for each connection: it believes that an id is never reused. */
export interface ProcessFinder {
  /**
   * The processes of these running domains, by uuid; those that it cannot find or may not look at are missing.
   * A process is looked for when its domain is new or has another id, {@link MAX_ATTEMPTS} times at most; what was
   * found is answered from memory, without looking at any file, and forgotten when its domain is not asked for any
   * more. Never rejects, and takes {@link LOOKUP_WAIT_MS} at most: what is found later is in the next answer.
   */
  find(domains: readonly DomainRef[]): Promise<ReadonlyMap<string, DomainProcess>>;
}

/** For a hypervisor on another machine, whose processes are not to be seen from here. */
export const NO_PROCESSES: ProcessFinder = { find: async () => new Map() };

/** A domain is listed a moment before its process runs: so once is not enough. */
export const MAX_ATTEMPTS = 3;
/** The command line of a process that hangs in the kernel can take for ever to read. */
export const LOOKUP_WAIT_MS = 2000;
/** So it is set aside, and the others' are read. */
const COMMAND_LINE_WAIT_MS = 1000;

// Leaves half of libuv's four threads to others when both hang.
const CONCURRENT_READS = 2;
const PID_FILE_LIMIT_BYTES = 32;
const NS_PER_TICK = BigInt(1_000_000_000 / CLOCK_TICKS_PER_S);

interface Known {
  readonly domain: DomainRef;
  attempts: number;
  process: DomainProcess | undefined;
}

/** A finder that knows nothing yet. */
export function createProcessFinder({ runDirectory, procfs = "/proc" }: ProcessFinderOptions): ProcessFinder {
  const places = { runDirectory, procfs, commandLines: commandLinesIn(procfs) };
  let known = new Map<string, Known>();
  let lookup: Promise<void> | undefined;

  return {
    async find(domains) {
      const earlier = known;
      known = new Map(
        domains.map((domain) => {
          const entry = earlier.get(domain.uuid);
          const same = entry !== undefined && entry.domain.id === domain.id;
          return [domain.uuid, same ? entry : { domain, attempts: 0, process: undefined }];
        }),
      );
      const missing = [...known.values()].filter(
        ({ process, attempts }) => process === undefined && attempts < MAX_ATTEMPTS,
      );
      if (missing.length > 0) {
        lookup ??= lookUp(missing, places)
          // Whatever goes wrong here, a domain without a known start is all that comes of it.
          .catch(() => undefined)
          .finally(() => (lookup = undefined));
        await within(lookup, LOOKUP_WAIT_MS);
      }
      const found = new Map<string, DomainProcess>();
      for (const [uuid, { process }] of known) if (process !== undefined) found.set(uuid, process);
      return found;
    },
  };
}

interface Places {
  readonly runDirectory: string;
  readonly procfs: string;
  readonly commandLines: CommandLines;
}

/** The command lines of processes, of which some do not answer. */
class CommandLines {
  readonly #procfs: string;
  /** Those that did not come in time, by pid: undefined until they do. */
  readonly #late = new Map<number, readonly string[] | undefined>();
  /** Those under way that are not late yet, by pid: whoever else asks for one waits for the same. */
  readonly #reads = new Map<number, Promise<readonly string[]>>();

  constructor(procfs: string) {
    this.#procfs = procfs;
  }

  /** How many keep a thread waiting. */
  get hanging(): number {
    return [...this.#late.values()].filter((args) => args === undefined).length;
  }

  /** A process's arguments; none of one that does not answer in time. Never rejects. */
  async read(pid: number): Promise<readonly string[]> {
    while (!this.#reads.has(pid) && this.#reads.size > 0 && !this.#hasThread) {
      await Promise.race(this.#reads.values());
    }
    const late = this.#late.get(pid);
    if (late !== undefined) this.#late.delete(pid);
    if (late !== undefined || this.#late.has(pid)) return late ?? [];
    const known = this.#reads.get(pid);
    if (known !== undefined || !this.#hasThread) return known ?? [];
    const read = this.#readInTime(pid).finally(() => this.#reads.delete(pid));
    this.#reads.set(pid, read);
    return read;
  }

  /** Is there one that may have to wait as well? */
  get #hasThread(): boolean {
    return this.#reads.size + this.hanging < CONCURRENT_READS;
  }

  async #readInTime(pid: number): Promise<readonly string[]> {
    const reading = readProcPidCmdline(this.#procfs, pid).then(
      (args) => args ?? [],
      () => [],
    );
    const args = await within(reading, COMMAND_LINE_WAIT_MS);
    if (args !== undefined) return args;
    this.#late.set(pid, undefined);
    void reading.then((later) => this.#late.set(pid, later));
    return [];
  }
}

/** The agent's, by the place of /proc: what hangs keeps its threads after a connection has ended as well. */
const allCommandLines = new Map<string, CommandLines>();

function commandLinesIn(procfs: string): CommandLines {
  const commandLines = allCommandLines.get(procfs) ?? new CommandLines(procfs);
  allCommandLines.set(procfs, commandLines);
  return commandLines;
}

async function lookUp(missing: readonly Known[], places: Places): Promise<void> {
  for (const entry of missing) entry.attempts += 1;
  const bootTimeS = (await readProcStat(places.procfs))?.bootTimeS;
  if (bootTimeS === undefined) return;
  const pids = await pidsByPidFile(
    missing.map(({ domain }) => domain),
    places,
  );
  const unfound = missing.map(({ domain }) => domain).filter(({ uuid }) => !pids.has(uuid));
  if (unfound.length > 0) {
    for (const [uuid, pid] of await pidsByScan(unfound, places)) pids.set(uuid, pid);
  }
  await sideBySide(missing, CONCURRENT_READS, async (entry) => {
    const pid = pids.get(entry.domain.uuid);
    const stat = pid === undefined ? undefined : await readProcPidStat(places.procfs, pid);
    if (pid === undefined || stat === undefined) return;
    const startedAtNs = BigInt(bootTimeS) * 1_000_000_000n + BigInt(stat.startTimeTicks) * NS_PER_TICK;
    entry.process = { pid, startedAtNs };
  });
  // Whose did not answer is not known, so nobody has been looked for in vain.
  if (places.commandLines.hanging > 0) for (const entry of missing) entry.attempts -= 1;
}

/** What libvirt's pid files say, where the process is really the domain's. */
async function pidsByPidFile(
  domains: readonly DomainRef[],
  { runDirectory, commandLines }: Places,
): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  // A session's files lie one deeper.
  for (const directory of [`${runDirectory}/qemu`, `${runDirectory}/qemu/run`]) {
    const present = new Set(await listDirectory(directory));
    await sideBySide(domains, CONCURRENT_READS, async ({ uuid, name }) => {
      const file = pidFileName(name);
      if (!present.has(file)) return;
      const text = (await readKernelFile(`${directory}/${file}`, PID_FILE_LIMIT_BYTES)) ?? "";
      const pid = /^[1-9]\d{0,8}\s*$/.test(text) ? Number(text) : undefined;
      if (pid !== undefined && uuidIn(await commandLines.read(pid)) === uuid) pids.set(uuid, pid);
    });
  }
  return pids;
}

/** What all processes' command lines say of uuid and name. Two that claim one domain leave it unfound. */
async function pidsByScan(
  domains: readonly DomainRef[],
  { procfs, commandLines }: Places,
): Promise<Map<string, number>> {
  const names = new Map(domains.map(({ uuid, name }) => [uuid, name]));
  const pids = new Map<string, number>();
  const disputed = new Set<string>();
  const processes = (await listDirectory(procfs)).filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  await sideBySide(processes, CONCURRENT_READS, async (pid) => {
    const args = await commandLines.read(pid);
    const uuid = uuidIn(args);
    const name = uuid === undefined ? undefined : names.get(uuid);
    if (uuid === undefined || name === undefined || !isNamed(args, name)) return;
    if (pids.has(uuid)) disputed.add(uuid);
    pids.set(uuid, pid);
  });
  for (const uuid of disputed) pids.delete(uuid);
  return pids;
}

/** The argument after -uuid, whole: names and paths of other domains stand in a command line as well. */
function uuidIn(args: readonly string[]): string | undefined {
  const at = args.indexOf("-uuid");
  return at < 0 ? undefined : args[at + 1]?.toLowerCase();
}

/** Is the argument after -name this guest's? Commas in a name are doubled (virQEMUBuildBufferEscapeComma). */
function isNamed(args: readonly string[], name: string): boolean {
  const at = args.indexOf("-name");
  const value = at < 0 ? undefined : args[at + 1];
  const guest = `guest=${name.replaceAll(",", ",,")}`;
  return value === guest || value?.startsWith(`${guest},debug-threads=`) === true;
}

/** As libvirt itself spells it (virBufferEscapeString): with XML's escapes, though it is no XML. */
function pidFileName(domain: string): string {
  const escapes: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return `${domain.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? character)}.pid`;
}

async function listDirectory(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
