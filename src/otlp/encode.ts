import type { Resource, ResourcePoints } from "../metrics/points.ts";
import type { Scope } from "./scope.ts";
import { Template } from "./template.ts";

/** One resource inside an encoded cycle. */
export interface EncodedResource {
  /** Where its ResourceMetrics begins and ends in the cycle's bytes, tag and length included. */
  readonly start: number;
  readonly end: number;
  readonly pointCount: number;
  /** What was encoded, for the rare case that it must be cut into smaller pieces. */
  readonly source: ResourcePoints;
}

/**
 * All points of a cycle as protobuf. The bytes are one valid ExportMetricsServiceRequest, and so is every run
 * of whole resources in them: requests are views, not copies. Nobody writes to the bytes again.
 */
export interface EncodedCycle {
  readonly bytes: Buffer;
  /** In the order of the bytes; resources without points are left out. */
  readonly resources: readonly EncodedResource[];
  readonly scope: Scope;
}

const templates = new WeakMap<Resource, Template>();

/**
 * Encodes a cycle. A whole number beyond the signed 64 bits that OTLP has (libvirt counts in unsigned ones)
 * travels as the double nearest to it.
 *
 * It is fast where resources, series and metric descriptors are the same objects in every cycle and the scope
 * too; what it keeps for a resource lives as long as the resource.
 */
export function encodeCycle(cycle: readonly ResourcePoints[], scope: Scope): EncodedCycle {
  const sources = cycle.filter(({ metrics }) => metrics.some(({ points }) => points.length > 0));
  const used = sources.map((source) => templateOf(source, scope));
  const bytes = Buffer.allocUnsafeSlow(used.reduce((size, template) => size + template.size, 0));
  const output = { bytes, view: new DataView(bytes.buffer) };
  const resources: EncodedResource[] = [];
  let start = 0;
  for (const [index, source] of sources.entries()) {
    const template = used[index];
    if (template === undefined) continue;
    template.write(source, output, start);
    const end = start + template.size;
    resources.push({ start, end, pointCount: template.pointCount, source });
    start = end;
  }
  return { bytes, resources, scope };
}

function templateOf(source: ResourcePoints, scope: Scope): Template {
  const known = templates.get(source.resource);
  if (known !== undefined && known.fits(source, scope)) return known;
  const template = new Template(source, scope);
  templates.set(source.resource, template);
  return template;
}
