import type { Configuration } from "../config/configuration.ts";
import type { LoadedConfiguration } from "../config/load.ts";
import { judgeClock } from "./clock.ts";
import { checkConfiguration } from "./configuration.ts";
import { checkDestination } from "./destinations.ts";
import { checkHypervisors } from "./discovered.ts";
import { AREAS, type Area } from "./finding-kind.ts";
import type { Finding } from "./finding.ts";
import { kindOf } from "./findings.ts";
import { checkHost } from "./host.ts";
import { checkListen } from "./listen.ts";
import { checkState } from "./state.ts";

export interface CheckRunOptions {
  /** The configuration's file, as it was given. */
  readonly file: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Looks at everything that the agent needs, side by side, each within the agent's own deadlines. Changes nothing: calls
 * are read-only, nothing is written to disk, and a destination gets two metrics of the check's own.
 * @returns in the order of the areas, and within one in the order of the configuration
 */
export async function runCheck(
  loaded: LoadedConfiguration,
  { file, signal }: CheckRunOptions,
): Promise<readonly Finding[]> {
  const { configuration } = loaded;
  const hypervisors = Promise.all(
    configuration.libvirt.map((entry) => checkHypervisors(entry, { configuration, signal })),
  ).then((checks) => checks.flat());
  // Who waits for them is told by the hypervisors themselves what went wrong.
  const readings = hypervisors.then(
    (checks) => checks.flatMap(({ reading }) => reading ?? []),
    () => [],
  );
  const [ofHypervisors, ofListen, ofHost, ofState, ofDestinations] = await Promise.all([
    hypervisors,
    checkListen(configuration),
    checkHost({ configuration, signal }),
    checkState({ configuration, file }),
    checkDestinations(configuration, readings),
  ]);
  const found = [
    ...checkConfiguration(loaded, file),
    ...ofListen,
    ...ofHypervisors.flatMap(({ findings }) => findings),
    ...ofHost,
    ...ofState,
    ...judgeClock(ofDestinations.flatMap(({ told }) => told)),
    ...ofDestinations.flatMap(({ findings }) => findings),
  ];
  return (Object.keys(AREAS) as Area[]).flatMap((area) => found.filter(({ id }) => kindOf(id).area === area));
}

function checkDestinations(
  configuration: Configuration,
  readings: Parameters<typeof checkDestination>[1]["readings"],
): Promise<readonly Awaited<ReturnType<typeof checkDestination>>[]> {
  return Promise.all(
    configuration.destinations.map((destination) =>
      checkDestination(destination, { configuration, readings }),
    ),
  );
}
