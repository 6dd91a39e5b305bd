import type { SimulatedDomain } from "./domain.ts";
import { ErrorCode, ErrorDomain, ReplyError } from "./reply-error.ts";
import { DomainState } from "./shape.ts";

/** Pairs and sets of virConnectListAllDomainsFlags: a domain passes when it has one of each set that is asked for. */
const SETS: readonly (readonly (readonly [flag: number, passes: (domain: SimulatedDomain) => boolean])[])[] =
  [
    [
      [1, (domain) => domain.active],
      [2, (domain) => !domain.active],
    ],
    // What runs is transient and what does not is defined, for otherwise it would not be there.
    [
      [4, (domain) => !domain.active],
      [8, (domain) => domain.active],
    ],
    [
      [16, (domain) => domain.state === DomainState.running],
      [32, (domain) => domain.state === DomainState.paused],
      [64, (domain) => domain.state === DomainState.shutoff],
      [128, () => false],
    ],
  ];

/** Every flag that a filter knows. */
export const FILTER_FLAGS = 0xff;

/** Does the domain pass the filter that a call asks for? */
export function passesFilter(domain: SimulatedDomain, flags: number): boolean {
  return SETS.every((set) => {
    const asked = set.filter(([flag]) => (flags & flag) !== 0);
    return asked.length === 0 || asked.some(([, passes]) => passes(domain));
  });
}

/** @throws ReplyError as the QEMU driver does for flags that it does not know */
export function refuseFlags(flags: number, known: number, where: string): void {
  const unknown = (flags & ~known) >>> 0;
  if (unknown === 0) return;
  const detail = `unsupported flags (0x${unknown.toString(16)}) in function ${where}`;
  throw new ReplyError(ErrorCode.invalidArgument, ErrorDomain.qemu, { format: "%s", detail });
}
