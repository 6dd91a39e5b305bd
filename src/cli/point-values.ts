import type { ResourcePoints } from "../metrics/points.ts";
import type { DomainValues } from "./domain-row.ts";

/** Looks values up in the points of one domain; undefined for a resource that is no domain. */
export function pointValues({ resource, metrics }: ResourcePoints): DomainValues | undefined {
  const { "libvirt.domain.name": name } = resource.attributes;
  if (typeof name !== "string") return undefined;
  const pointsOf = (metric: string) => metrics.find(({ metric: { name } }) => name === metric)?.points ?? [];
  return {
    name,
    sum(metric, where = {}) {
      const values = pointsOf(metric).flatMap((point) =>
        "value" in point && matches(point.series.attributes, where) ? [Number(point.value)] : [],
      );
      return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value);
    },
    state(metric, attribute) {
      const point = pointsOf(metric).find((point) => "value" in point && Number(point.value) === 1);
      return point === undefined ? undefined : String(point.series.attributes[attribute]);
    },
  };
}

function matches(
  attributes: Readonly<Record<string, unknown>>,
  where: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(where).every(([name, value]) => attributes[name] === value);
}
