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
 * of whole resources in them: requests are views, not copies. Nobody writes to the bytes while somebody reads them.
 */
export interface EncodedCycle {
  readonly bytes: Buffer<ArrayBuffer>;
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
 * too; what it keeps for a resource lives as long as the resource. `spare` are bytes of an earlier cycle that nobody reads
 * any more: where they fit they are written anew, which saves the kernel from finding and clearing as much memory.
 */
export function encodeCycle(
  cycle: readonly ResourcePoints[],
  scope: Scope,
  spare?: Buffer<ArrayBuffer>,
): EncodedCycle {
  const used: Template[] = [];
  const resources: EncodedResource[] = [];
  let start = 0;
  for (const source of cycle) {
    if (source.metrics.length === 0) continue;
    const template = templateOf(source, scope);
    const { pointCount } = template;
    if (pointCount === 0) continue;
    const end = start + template.size;
    used.push(template);
    resources.push({ start, end, pointCount, source });
    start = end;
  }
  const bytes = bytesFor(start, spare);
  const output = { bytes, view: new DataView(bytes.buffer) };
  let at = 0;
  for (const template of used) at = template.write(output, at);
  return { bytes, resources, scope };
}

/** So many bytes: of what is spare where that is no smaller, nor more than twice as large. */
function bytesFor(length: number, spare: Buffer<ArrayBuffer> | undefined): Buffer<ArrayBuffer> {
  const room = spare?.buffer.byteLength ?? 0;
  const fits = spare !== undefined && length <= room && room <= 2 * length;
  return fits ? Buffer.from(spare.buffer, 0, length) : Buffer.allocUnsafeSlow(length);
}

function templateOf(source: ResourcePoints, scope: Scope): Template {
  const known = templates.get(source.resource);
  if (known?.follow(source, scope) === true) return known;
  const template = new Template(source, scope);
  templates.set(source.resource, template);
  return template;
}
