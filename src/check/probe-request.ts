import { randomFillSync } from "node:crypto";
import { hostname } from "node:os";

import { systemClock } from "../clock.ts";
import type { Configuration, DestinationConfiguration } from "../config/configuration.ts";
import { LibvirtStatistics } from "../libvirt/statistics.ts";
import { AgentMeter } from "../metrics/agent-meter.ts";
import { AGENT_METRICS, DOMAIN_ROWS } from "../metrics/definitions.ts";
import { DomainMeter } from "../metrics/domain-meter.ts";
import type { Temporality } from "../metrics/points.ts";
import { selectRows } from "../metrics/selection.ts";
import { cutRequests } from "../otlp/batch.ts";
import type { ExportRequest } from "../otlp/destination.ts";
import { encodeCycle } from "../otlp/encode.ts";
import { kvmeterScope } from "../otlp/scope.ts";
import { identifyAgent, OwnReader } from "../own-reading.ts";
import type { HypervisorReading } from "../readings/domain.ts";
import { VERSION } from "../version.ts";

/** A counter and what is none: temporality shows in the first only. */
const OWN_METRICS: ReadonlySet<string> = new Set(["process.cpu.time", "process.memory.usage"]);

/** The number of a field that an ExportMetricsServiceRequest does not have, and that receivers pass over. */
const PADDING_FIELD = 15;

type Wishes = Pick<DestinationConfiguration, "identity" | "hostAttribute" | "requestLimitBytes">;

/**
 * One request with two metrics of this process, as the agent would send them to a destination. Its instance bears the
 * host's name, so that checks in a row are one series and not many.
 */
export function ownRequest(
  configuration: Pick<Configuration, "serviceName" | "resourceAttributes">,
  { identity, hostAttribute, requestLimitBytes }: Wishes,
  temporality: Temporality,
): ExportRequest {
  const meter = new AgentMeter({
    agent: { ...identifyAgent(), instanceId: `check-${hostname()}` },
    startedAtNs: BigInt(Math.round(performance.timeOrigin)) * 1_000_000n,
    rows: AGENT_METRICS.filter(({ name }) => OWN_METRICS.has(name)),
    temporality,
    resource: {
      serviceName: configuration.serviceName,
      attributes: configuration.resourceAttributes,
      identity,
      hostAttribute,
    },
  });
  const own = new OwnReader({
    clock: systemClock,
    poller: { durations: new Map() },
    calls: new LibvirtStatistics(),
    destinations: [],
  });
  const points = meter.update(own.read({ outcomes: [], hostOutcomes: [], skippedCycles: 0 }));
  const [request] = cutRequests(encodeCycle([points], kvmeterScope(VERSION)), requestLimitBytes);
  if (request === undefined) throw new TypeError("unreachable: this process has no CPU time and no memory");
  return request;
}

/** The bytes of a cycle of what was read, as this destination gets it. */
export function cycleBytes(
  readings: readonly HypervisorReading[],
  {
    metrics,
    serviceName,
    resourceAttributes,
  }: Pick<Configuration, "metrics" | "serviceName" | "resourceAttributes">,
  { identity, hostAttribute }: Pick<Wishes, "identity" | "hostAttribute">,
): number {
  const rows = selectRows(DOMAIN_ROWS, metrics);
  const resource = { serviceName, attributes: resourceAttributes, identity, hostAttribute };
  const points = readings.flatMap((reading) => new DomainMeter({ rows, resource }).update(reading));
  return encodeCycle(points, kvmeterScope(VERSION)).bytes.length;
}

/**
 * A request of so many bytes without any point: one field that no receiver knows. It shrinks under compression about as
 * much as points do, since some limits are on what travels.
 */
export function paddedRequest(bytes: number): ExportRequest {
  const body = Buffer.alloc(bytes);
  const noise = randomFillSync(Buffer.alloc(Math.ceil(bytes / 16) * 2));
  for (let at = 0; at < bytes; at += 16) noise.copy(body, at, at / 8, at / 8 + 2);
  // Tag and a length of four bytes, seven bits in each.
  const length = bytes - 5;
  body[0] = (PADDING_FIELD << 3) | 2;
  for (let byte = 0; byte < 4; byte += 1)
    body[1 + byte] = ((length >> (7 * byte)) & 0x7f) | (byte < 3 ? 0x80 : 0);
  return { body, pointCount: 0 };
}
