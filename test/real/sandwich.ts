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

/** Fields of a domain that virsh did not print alike before and after. */
function moved({ before, after }: Sandwich, name: string): string[] {
  const [first, last] = [before.get(name)?.fields, after.get(name)?.fields];
  const fields = new Set([...(first?.keys() ?? []), ...(last?.keys() ?? [])]);
  return [...fields].filter((field) => first?.get(field) !== last?.get(field));
}

/** A reading of everything between two of virsh's, taken anew while fields of the domains move that may not. */
export async function steadySandwich(
  daemon: Pick<Libvirtd, "virsh" | "readOnlySocketPath">,
  names: readonly string[],
  mayMove: RegExp,
): Promise<Sandwich> {
  for (let attempt = 1; ; attempt++) {
    const taken = await sandwich(daemon, () => readEverything(daemon));
    const restless = names.flatMap((name) => moved(taken, name).filter((field) => !mayMove.test(field)));
    if (restless.length === 0) return taken;
    if (attempt === 5) throw new Error(`these fields do not stand still: ${restless.join(", ")}`);
  }
}
