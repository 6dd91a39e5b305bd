import type { Attributes, VirshDomain } from "./expectations.ts";
import { secondsOfNs, type Value, whole } from "./libvirt-units.ts";

/** A point that is not one field's value. The numbers of a histogram are its count, sum, bounds and buckets. */
export interface SpecialPoint {
  readonly metric: string;
  readonly attributes: Attributes;
  readonly numbers: readonly Value[];
}

/** virDomainState, in the words of virsh(1) `domstate`, as kvmeter spells them. */
const STATES = ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"];
const VCPU_STATES = ["offline", "running", "blocked"];

/** The reasons that the domains of these tests have, by state and reason number. */
const REASONS: Readonly<Record<string, string>> = {
  "1/1": "booted",
  "1/5": "unpaused",
  "3/1": "user",
  "5/0": "unknown",
};

/** The field that sums up the durations of a histogram's operations. */
const TOTALS: Readonly<Record<string, string>> = { read: "rd", write: "wr", flush: "fl" };

/** States, their reason and latency histograms. */
export function specialPoints({ fields }: VirshDomain): SpecialPoint[] {
  const state = fields.get("state.state") ?? "";
  const reason = REASONS[`${state}/${fields.get("state.reason")}`] ?? `unknown to the test: ${state}`;
  const status = { metric: "libvirt.domain.status", states: STATES, attribute: "libvirt.domain.state" };
  return [
    ...oneOf(state, { ...status, attributes: {} }),
    {
      metric: "libvirt.domain.state.reason",
      attributes: {
        "libvirt.domain.state": STATES[Number(state)] ?? "",
        "libvirt.domain.state.reason": reason,
      },
      numbers: [1],
    },
    ...[...fields].flatMap(([field, value]) => fieldPoints(field, value, fields)),
  ];
}

function fieldPoints(field: string, value: string, fields: VirshDomain["fields"]): SpecialPoint[] {
  const [, vcpu] = /^vcpu\.(\d+)\.state$/.exec(field) ?? [];
  if (vcpu !== undefined) {
    const attributes = { "cpu.logical_number": Number(vcpu) };
    const status = { metric: "libvirt.domain.vcpu.status", attribute: "libvirt.vcpu.state" };
    return oneOf(value, { ...status, states: VCPU_STATES, attributes });
  }
  const [, prefix, disk, operation] =
    /^((block\.\d+)\.latency_histogram\.(\w+))\.bin\.count$/.exec(field) ?? [];
  if (prefix === undefined || disk === undefined || operation === undefined) return [];
  const get = (name: string) => fields.get(name) ?? "absent";
  const bins = Array.from({ length: Number(value) }, (_, bin) => `${prefix}.bin.${bin}`);
  const counts = bins.map((bin) => BigInt(get(`${bin}.value`)));
  const starts = bins.map((bin) => secondsOfNs(get(`${bin}.start`)));
  const count = whole(counts.reduce((sum, one) => sum + one, 0n));
  const total = TOTALS[operation];
  const sum = total === undefined ? [] : [secondsOfNs(get(`${disk}.${total}.times`))];
  // The bins of the test's domains start at 0, so the first start bounds nothing.
  const numbers = [count, ...sum, ...starts.slice(1), ...counts.map(whole)];
  const attributes = { "system.device": get(`${disk}.name`), "libvirt.disk.operation": operation };
  return [{ metric: "libvirt.domain.disk.operation.duration", attributes, numbers }];
}

interface States {
  readonly metric: string;
  readonly attribute: string;
  readonly attributes: Attributes;
  readonly states: readonly string[];
}

function oneOf(current: string, { metric, attribute, attributes, states }: States): SpecialPoint[] {
  return states.map((name, number) => ({
    metric,
    attributes: { ...attributes, [attribute]: name },
    numbers: [number === Number(current) ? 1 : 0],
  }));
}
