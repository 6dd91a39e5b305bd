import { run } from "./processes.ts";

/** Runs virsh against one daemon and gives what it prints. */
export type Virsh = (args: readonly string[]) => Promise<string>;

/** A virsh for a connection URI. */
export function virshFor(uri: string): Virsh {
  return (args) => run("/usr/bin/virsh", ["-c", uri, ...args]);
}

/** What to ask {@link domstats} for. */
export interface DomstatsOptions {
  /** Only these domains; all without it. */
  readonly domains?: readonly string[];
  /** virsh's own names of groups, as "state" or "cpu-total"; all without it. */
  readonly groups?: readonly string[];
  /** Further switches of virsh, as "nowait" or "backing". */
  readonly flags?: readonly string[];
}

/** Runs `virsh domstats` and parses what it prints: field → value as printed, by domain name. */
export async function domstats(
  virsh: Virsh,
  options: DomstatsOptions = {},
): Promise<Map<string, Map<string, string>>> {
  const switches = [...(options.groups ?? []), ...(options.flags ?? [])].map((name) => `--${name}`);
  return parseDomstats(await virsh(["domstats", "--raw", ...switches, ...(options.domains ?? [])]));
}

/** Parses the text of `virsh domstats`. Values are left as they are: they may hold spaces, quotes and "=". */
export function parseDomstats(text: string): Map<string, Map<string, string>> {
  const domains = new Map<string, Map<string, string>>();
  let fields: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    // Greedy on purpose: a name may hold quotes itself.
    const name = /^Domain: '(.*)'$/.exec(line)?.[1];
    if (name !== undefined) {
      fields = new Map();
      domains.set(name, fields);
      continue;
    }
    const field = /^ {2}([^=]+)=(.*)$/.exec(line);
    if (field?.[1] !== undefined) fields?.set(field[1], field[2] ?? "");
  }
  return domains;
}
