import type { JsonResource } from "../../src/metrics/json.ts";
import type { VirshDomain } from "../domstats/expectations.ts";
import { macsOf } from "../domstats/recorded.ts";
import type { Libvirtd } from "./bed/libvirtd.ts";
import { domstats } from "./bed/virsh.ts";
import { readEverything } from "./kvmeter.ts";

/** All domains of a daemon as virsh shows them, by name. */
export async function virshDomains({ virsh }: Pick<Libvirtd, "virsh">): Promise<Map<string, VirshDomain>> {
  const domains = new Map<string, VirshDomain>();
  for (const [name, fields] of await domstats(virsh)) {
    domains.set(name, { fields, macs: macsOf(await virsh(["dumpxml", "--domain", name])) });
  }
  return domains;
}

/** What kvmeter read, between what virsh printed before and after. */
export interface Sandwich {
  readonly before: ReadonlyMap<string, VirshDomain>;
  readonly kvmeter: ReadonlyMap<string, JsonResource>;
  readonly after: ReadonlyMap<string, VirshDomain>;
}

/** Takes readings one after the other. */
export async function sandwich(
  daemon: Pick<Libvirtd, "virsh">,
  read: () => Promise<ReadonlyMap<string, JsonResource>>,
): Promise<Sandwich> {
  const before = await virshDomains(daemon);
  const kvmeter = await read();
  const after = new Map<string, VirshDomain>();
  for (const [name, fields] of await domstats(daemon.virsh)) {
    after.set(name, { fields, macs: before.get(name)?.macs ?? [] });
  }
  return { before, kvmeter, after };
}

/** One domain's part of a sandwich. */
export interface DomainSandwich {
  readonly name: string;
  readonly before: VirshDomain;
  readonly kvmeter: JsonResource;
  readonly after: VirshDomain;
}

/** A domain's part; fails when the domain is missing. */
export function partOf(taken: Sandwich, name: string): DomainSandwich {
  const [before, kvmeter, after] = [taken.before.get(name), taken.kvmeter.get(name), taken.after.get(name)];
  if (before && kvmeter && after) return { name, before, kvmeter, after };
  throw new Error(`${name} is missing`);
}

/** Fields that virsh did not print alike before and after. */
function movedFields({ before, after }: DomainSandwich): string[] {
  const fields = new Set([...before.fields.keys(), ...after.fields.keys()]);
  return [...fields].filter((field) => before.fields.get(field) !== after.fields.get(field));
}

/**
 * A reading of everything of each domain while it stood still: the host's own packets reach the taps of paused
 * domains now and then, so each is read until nothing moved but what may.
 */
export async function steadySandwiches(
  daemon: Pick<Libvirtd, "virsh" | "readOnlySocketPath">,
  names: readonly string[],
  mayMove: RegExp,
): Promise<DomainSandwich[]> {
  const steady = new Map<string, DomainSandwich>();
  for (let attempt = 1; ; attempt++) {
    const taken = await sandwich(daemon, () => readEverything(daemon));
    const restless: string[] = [];
    for (const name of names.filter((one) => !steady.has(one))) {
      const part = partOf(taken, name);
      const moved = movedFields(part).filter((field) => !mayMove.test(field));
      if (moved.length === 0) steady.set(name, part);
      else restless.push(`${name}: ${moved.join(", ")}`);
    }
    if (restless.length === 0) return [...steady.values()];
    if (attempt === 6) throw new Error(`these fields do not stand still: ${restless.join("; ")}`);
  }
}
