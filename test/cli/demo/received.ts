import type { ReceivedMetric, ReceivedResource } from "../../../src/receiver/receiver.ts";

interface Values {
  readonly uuid: string;
  readonly name?: string;
  readonly timeS: number;
  readonly state?: string;
  /** Bytes read from disks. */
  readonly read?: number;
  readonly gone?: boolean;
}

/** A domain as a receiver gets it. */
export function receivedDomain({
  uuid,
  name = uuid,
  timeS,
  state = "running",
  read,
  gone = false,
}: Values): ReceivedResource {
  const point = (attributes: Record<string, string>, value: number) => ({
    attributes,
    startTimeNs: undefined,
    timeNs: BigInt(timeS) * 1_000_000_000n,
    value: gone ? undefined : value,
    histogram: undefined,
    noRecordedValue: gone,
  });
  const states = ["running", "paused"].map((each) =>
    point({ "libvirt.domain.state": each }, each === state ? 1 : 0),
  );
  const reads =
    read === undefined
      ? []
      : [
          metric("libvirt.domain.disk.io", [
            point({ "system.device": "vda", "disk.io.direction": "read" }, read),
            point({ "system.device": "vdb", "disk.io.direction": "read" }, 0),
            point({ "system.device": "vda", "disk.io.direction": "write" }, 7),
          ]),
        ];
  return {
    attributes: { "libvirt.domain.uuid": uuid, "libvirt.domain.name": name },
    metrics: [metric("libvirt.domain.status", states), ...reads],
  };
}

/** The agent's own resource, which ends each cycle. */
export const RECEIVED_AGENT: ReceivedResource = { attributes: { "process.pid": 1 }, metrics: [] };

export const REQUEST = { headers: {}, bytes: 100 } as const;

function metric(name: string, points: ReceivedMetric["points"]): ReceivedMetric {
  return { name, description: "", unit: "1", kind: "gauge", points };
}
