import { multiply, type Integer } from "../integer.ts";
import type { DomainReading, HypervisorReading } from "../readings/domain.ts";
import type { ConnectionReading } from "../readings/hypervisor-facts.ts";
import { HYPERVISOR_METRICS } from "./definitions.ts";
import { DOMAIN_STATES } from "./libvirt-names.ts";
import type { ResourcePoints } from "./points.ts";
import { hostResource, type ResourceOptions } from "./resources.ts";
import type { ToldRow } from "./rows.ts";
import { type TellerOf, ToldMeter, type WaiterOf } from "./told-meter.ts";

export interface HypervisorMeterOptions {
  /** When this process started, nanoseconds since the epoch. */
  readonly startedAtNs: bigint;
  /** The rows to export; all unless given. */
  readonly rows?: readonly ToldRow[];
  readonly resource?: ResourceOptions | undefined;
}

type HypervisorRow = (typeof HYPERVISOR_METRICS)[number];
type Teller = TellerOf<HypervisorRow>;
type Waiter = WaiterOf<HypervisorRow>;

/** What a domain has of its host; what could not be read in a cycle is as it was before. */
interface Share {
  readonly id: number;
  readonly state: number | undefined;
  readonly vcpus: Integer | undefined;
  readonly memoryKiB: Integer | undefined;
}

/** What is told of the domains. */
const SHARE_METRICS = [
  "libvirt.host.domain.count",
  "libvirt.host.vcpu.allocated",
  "libvirt.host.memory.allocated",
] as const;

const BYTES_PER_KIB = 1024;
const SHUT_OFF = 5;

/** Turns what is known of one hypervisor as a whole into points of its host's resource. */
export class HypervisorMeter {
  readonly #meter: ToldMeter;
  readonly #resource: ResourceOptions | undefined;
  #shares = new Map<string, Share>();

  constructor({ startedAtNs, rows = HYPERVISOR_METRICS, resource }: HypervisorMeterOptions) {
    this.#meter = new ToldMeter({ rows, startedAtNs, identity: resource?.identity });
    this.#resource = resource;
  }

  /** The last points of what the last cycle no longer had. */
  get ended(): readonly ResourcePoints[] {
    return this.#meter.ended;
  }

  /** The points of a cycle. Without a reading nothing is said of the domains: they are not gone, only out of sight. */
  update(connection: ConnectionReading, reading: HypervisorReading | undefined): ResourcePoints {
    this.#meter.resource = hostResource({ ...connection, part: connection.uri }, this.#resource);
    if (reading !== undefined) this.#remember(reading.domains);
    return this.#meter.update(connection.at, (value, wait) => {
      tellConnection(connection, value);
      if (reading === undefined) wait(...SHARE_METRICS);
      else tellShares([...this.#shares.values()], connection.uri, { value, wait });
    });
  }

  #remember(domains: readonly DomainReading[]): void {
    const before = this.#shares;
    this.#shares = new Map(
      domains.map(({ uuid, id, statistics: { items } }) => {
        const known = before.get(uuid);
        const last = known?.id === id ? known : undefined;
        const state = items.state?.[0]?.values.state;
        const share: Share = {
          id,
          state: state === undefined ? (last?.state ?? (id < 0 ? SHUT_OFF : undefined)) : Number(state),
          vcpus: items.vcpuCount?.[0]?.values.current ?? last?.vcpus,
          memoryKiB: items.balloon?.[0]?.values.currentKiB ?? last?.memoryKiB,
        };
        return [uuid, share];
      }),
    );
  }
}

function tellConnection({ uri, connected, facts }: ConnectionReading, value: Teller): void {
  const at = { "libvirt.uri": uri };
  value("libvirt.connection.status", { ...at, "libvirt.connection.state": "connected" }, connected ? 1 : 0);
  value(
    "libvirt.connection.status",
    { ...at, "libvirt.connection.state": "disconnected" },
    connected ? 0 : 1,
  );
  if (!connected || facts === undefined) return;
  const info = {
    ...at,
    "libvirt.version": facts.libvirtVersion,
    "libvirt.driver": facts.driver,
    "libvirt.driver.version": facts.driverVersion,
  };
  value("libvirt.host.info", info, 1);
}

/** A sum over domains of which one is not known would be too small: then there is none, until there is one again. */
function tellShares(
  shares: readonly Share[],
  uri: string,
  { value, wait }: { readonly value: Teller; readonly wait: Waiter },
): void {
  wait(...SHARE_METRICS);
  const at = { "libvirt.uri": uri };
  if (shares.every(({ state }) => state !== undefined)) {
    DOMAIN_STATES.forEach((name, number) => {
      const count = shares.filter(({ state }) => state === number).length;
      value("libvirt.host.domain.count", { ...at, "libvirt.domain.state": name }, count);
    });
  }
  const started = shares.filter(({ id }) => id >= 0);
  const vcpus = sum(started.map((share) => share.vcpus));
  if (vcpus !== undefined) value("libvirt.host.vcpu.allocated", at, vcpus);
  const memoryKiB = sum(started.map((share) => share.memoryKiB));
  if (memoryKiB !== undefined) value("libvirt.host.memory.allocated", at, multiply(memoryKiB, BYTES_PER_KIB));
}

function sum(values: readonly (Integer | undefined)[]): Integer | undefined {
  let total = 0;
  for (const value of values) {
    if (value === undefined) return undefined;
    total += Number(value);
  }
  return total;
}
