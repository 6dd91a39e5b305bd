import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

import { DomainMeter } from "../../src/metrics/domain-meter.ts";
import { type JsonResource, toJson } from "../../src/metrics/json.ts";
import type { DomainRow } from "../../src/metrics/rows.ts";
import { parseDomainXml } from "../../src/readings/domain-description.ts";
import { createStatisticsReader } from "../../src/readings/read-statistics.ts";
import { parametersOf } from "../readings/typed-parameters.ts";
import type { VirshDomain } from "./expectations.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");

/** A domain's recorded statistics, with its XML. */
export interface RecordedDomain extends VirshDomain {
  readonly title: string;
  readonly xml: string;
}

/** What virsh printed of the running and paused domains of one libvirt, see fixtures/domstats. */
export function recordedDomains(version: string): RecordedDomain[] {
  const directory = join(FIXTURES, "domstats", version);
  return readdirSync(directory)
    .filter((file) => file.endsWith(".xml") && !file.startsWith("inactive"))
    .map((file) => {
      const xml = readFileSync(join(directory, file), "utf8");
      const text = readFileSync(join(directory, file.replace(".xml", ".txt")), "utf8");
      const title = `${version} ${basename(file, ".xml")}`;
      return { title, xml, fields: printedFields(text), macs: macsOf(xml) };
    });
}

function printedFields(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => /^ +[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at).trim(), line.slice(at + 1)];
    }),
  );
}

/** The MAC addresses in a domain's XML, in their order. */
export function macsOf(xml: string): string[] {
  return [...xml.matchAll(/<mac address='([^']+)'/g)].map(([, mac]) => mac ?? "");
}

/** A domain with every field that libvirt 12.8 knows, all values different and beyond 2^53 where they may be. */
export function everyField(): RecordedDomain {
  const names = readFileSync(join(FIXTURES, "readings/field-names-12.8.txt"), "utf8")
    .split("\n")
    .filter((name) => /^[a-z]/.test(name))
    // The list has one statistic of KVM's, and its name says nanoseconds.
    .concat("vcpu.0.exits.sum");
  const fields = new Map(names.map((name, number) => [name, valueOf(name, number)]));
  const mac = "52:54:00:00:00:01";
  const nic = `<interface type='ethernet'><mac address='${mac}'/><target dev='${fields.get("net.0.name")}'/></interface>`;
  const uuid = "6f1c2f5e-7a0c-4c8a-9f0e-5f1f9a3b0c11";
  const xml = `<domain><name>every</name><uuid>${uuid}</uuid><devices>${nic}</devices></domain>`;
  return { title: "every field of libvirt 12.8", xml, fields, macs: [mac] };
}

/** Values that mean something else than an amount. */
const FIXED: readonly (readonly [RegExp, string])[] = [
  [/^state\.(state|reason)$|^vcpu\.0\.state$|\.count$/, "1"],
  [/^dirtyrate\.calc_status$/, "2"],
  [/\.start$|\.id$/, "0"],
  [/\.interval$/, "10"],
  [/^vcpu\.0\.halted$/, "yes"],
];

function valueOf(name: string, number: number): string {
  const fixed = FIXED.find(([pattern]) => pattern.test(name));
  if (fixed !== undefined) return fixed[1];
  if (/\.(name|path|vcpus)$|calc_mode$/.test(name)) return `text-${number}`;
  if (name.endsWith("queue_depth_avg")) return `0.${100_000 + number}`;
  if (/core_energy$|activity$/.test(name)) return `12.${100_000 + number}`;
  // In bytes they have to stay below 2^63.
  const small = name.startsWith("balloon.") || name.includes("megabytes");
  return String(BigInt(number) * 3n + (small ? 1n << 40n : (1n << 53n) + 1n));
}

/** What kvmeter makes of these statistics when it exports these rows. */
export function metered({ fields, xml }: RecordedDomain, rows: readonly DomainRow[]): JsonResource {
  const at = { wallNs: 1_800_000_000_000_000_000n, monotonicMs: 1000 };
  const description = parseDomainXml(xml);
  const { uuid, name } = description;
  const parameters = parametersOf([...fields].map(([field, value]) => `${field}=${value}`).join("\n"));
  const statistics = createStatisticsReader().read(parameters, at);
  const [resource = { resource: {}, metrics: {} }] = toJson(
    new DomainMeter({ rows }).update({
      identity: { hostName: "host", hostId: undefined },
      domains: [{ uuid, name, id: 1, description, process: undefined, statistics, lastKnown: statistics }],
      listedAt: at,
      unknownFields: new Map(),
      stretch: 1,
      problems: [],
    }),
  );
  return resource;
}
