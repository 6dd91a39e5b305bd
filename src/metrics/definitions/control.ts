import { CONTROL_STATES } from "../libvirt-names.ts";
import type { DomainRow } from "../rows.ts";

/** The way to a domain's QEMU. Only of a domain that did not answer, and once more when it answers again. */
export const CONTROL_METRICS = [
  {
    name: "libvirt.domain.control.status",
    kind: "updowncounter",
    unit: "1",
    description:
      "State of the way to the domain's QEMU: 1 for the current state, 0 for the others; only while the domain does not answer, and once when it does again.",
    on: true,
    scope: "control",
    from: "states",
    field: "state",
    attribute: "libvirt.control.state",
    states: CONTROL_STATES,
  },
  {
    name: "libvirt.domain.control.time",
    kind: "gauge",
    unit: "s",
    description: "For how long the domain's QEMU has been busy or has not answered.",
    on: true,
    scope: "control",
    from: "fields",
    sources: CONTROL_STATES.map((name, state) => ({ name, state }))
      .filter(({ name }) => name !== "ok")
      .map(({ name, state }) => ({
        field: "stateTimeMs",
        attributes: { "libvirt.control.state": name },
        onlyWhile: { field: "state", equals: state },
      })),
  },
] as const satisfies readonly DomainRow[];
