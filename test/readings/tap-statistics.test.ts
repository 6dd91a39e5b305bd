import assert from "node:assert/strict";
import { test } from "node:test";

import { systemClock } from "../../src/clock.ts";
import type { NicDescription } from "../../src/readings/domain.ts";
import { tapStatistics } from "../../src/readings/tap-statistics.ts";
import { told } from "./local-readings.ts";

const at = systemClock.now();

const numbers = (first: number) => ({
  receivedBytes: first,
  receivedPackets: first + 1,
  receiveErrors: first + 2,
  receiveDrops: first + 3,
  transmittedBytes: first + 4,
  transmittedPackets: first + 5,
  transmitErrors: first + 6,
  transmitDrops: first + 7,
});
const interfaces = new Map([
  ["vnet0", numbers(10)],
  ["vnet1", numbers(20)],
]);

function nics(...types: (readonly [type: string | undefined, target: string | undefined])[]) {
  return types.map(([type, target], number): NicDescription => ({
    number,
    type,
    target,
    mac: undefined,
    alias: undefined,
  }));
}

test("what the host transmits is what the guest receives, under the number that the vNIC has in the XML", () => {
  const statistics = tapStatistics(
    nics(["hostdev", undefined], ["bridge", "vnet1"], ["user", undefined], ["network", "vnet0"]),
    interfaces,
    at,
  );
  assert.deepEqual(statistics?.readAt, { interface: at });
  assert.deepEqual(told(statistics), {
    nicCount: { nics: 4 },
    "nic 1": {
      name: "vnet1",
      receivedBytes: 24,
      receivedPackets: 25,
      receiveErrors: 26,
      receiveDrops: 27,
      transmittedBytes: 20,
      transmittedPackets: 21,
      transmitErrors: 22,
      transmitDrops: 23,
    },
    "nic 3": {
      name: "vnet0",
      receivedBytes: 14,
      receivedPackets: 15,
      receiveErrors: 16,
      receiveDrops: 17,
      transmittedBytes: 10,
      transmittedPackets: 11,
      transmitErrors: 12,
      transmitDrops: 13,
    },
  });
});

test("a domain without vNICs has none, which is known without asking", () => {
  assert.deepEqual(tapStatistics([], interfaces, at)?.items, {
    nicCount: [{ path: [], parent: undefined, values: { nics: 0 } }],
    nic: [],
  });
});

test("libvirt is asked where one vNIC is no tap, is none of a known kind, or is not there", () => {
  for (const other of [
    ["direct", "vnet1"],
    ["vhostuser", "vnet1"],
    ["something", "vnet1"],
    [undefined, "vnet1"],
    ["bridge", "vnet2"],
  ] as const) {
    assert.equal(tapStatistics(nics(["bridge", "vnet0"], other), interfaces, at), undefined, other.join(" "));
  }
});
