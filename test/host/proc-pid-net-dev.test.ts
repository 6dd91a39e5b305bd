import assert from "node:assert/strict";
import { test } from "node:test";

import { readProcPidNetDev } from "../../src/host/proc-pid-net-dev.ts";
import { fakeRoot } from "./fake-root.ts";

const HEAD =
  "Inter-|   Receive                                                |  Transmit\n" +
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

test("the interfaces of a process's network namespace, and nothing made up of a line that is none", async (t) => {
  const procfs = fakeRoot(t, {
    "7/net/dev":
      `${HEAD}vnet12: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n` +
      " vnet3:       0       0    0    0    0     0          0         0 18446744073709551615       1    0    0    0     0       0          0\n" +
      "  br0:1: 8 7 6 5 0 0 0 0 4 3 2 1 0 0 0 0\n" +
      "vnet4: 1 2 3 x 5 6 7 8 9 10 11 12 13 14 15 16\n" +
      "vnet5: 1 2 3\n" +
      ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n" +
      "vnet6: 1 2 3 4 5 6 7 8 9 10 11 12 13",
  });
  assert.deepEqual(Object.fromEntries((await readProcPidNetDev(procfs, 7)) ?? []), {
    vnet12: {
      receivedBytes: 1,
      receivedPackets: 2,
      receiveErrors: 3,
      receiveDrops: 4,
      transmittedBytes: 9,
      transmittedPackets: 10,
      transmitErrors: 11,
      transmitDrops: 12,
    },
    vnet3: {
      receivedBytes: 0,
      receivedPackets: 0,
      receiveErrors: 0,
      receiveDrops: 0,
      transmittedBytes: 2n ** 64n - 1n,
      transmittedPackets: 1,
      transmitErrors: 0,
      transmitDrops: 0,
    },
    "br0:1": {
      receivedBytes: 8,
      receivedPackets: 7,
      receiveErrors: 6,
      receiveDrops: 5,
      transmittedBytes: 4,
      transmittedPackets: 3,
      transmitErrors: 2,
      transmitDrops: 1,
    },
  });
});

test("a process that has ended sees none, which is not the same as one that sees nothing", async (t) => {
  const procfs = fakeRoot(t, { "7/net/dev": HEAD });
  assert.equal((await readProcPidNetDev(procfs, 7))?.size, 0);
  assert.equal(await readProcPidNetDev(procfs, 8), undefined);
});
