import type { SimulatedDomain } from "./domain.ts";
import type { Release } from "./shape.ts";
import type { Look } from "./statistics/groups.ts";
import type { World } from "./world.ts";

/** A look at a domain at the world's present time. */
export function lookAt(
  domain: SimulatedDomain,
  {
    world,
    release,
    monitor,
  }: { readonly world: World; readonly release: Release; readonly monitor: boolean },
): Look {
  const { nowS } = world;
  const reportedAtS = domain.reportedAtS(nowS);
  return {
    domain,
    moment: domain.moment(nowS),
    release,
    monitor,
    reportedAtS: reportedAtS === undefined ? undefined : world.wallS(reportedAtS),
    daemonRanS: nowS,
  };
}
