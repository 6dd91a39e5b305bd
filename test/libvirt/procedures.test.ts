import assert from "node:assert/strict";
import { test } from "node:test";

import {
  controlInfo,
  getAllDomainStats,
  getDiskErrors,
  getHostname,
  getLibVersion,
  getState,
  getType,
  getUri,
  getVersion,
  getXmlDesc,
  listAllDomains,
  listAllNetworks,
  listAllStoragePools,
  networkGetDhcpLeases,
  NetworkListFlags,
  nodeGetInfo,
  type Procedure,
  StatsFlags,
  storagePoolGetInfo,
  supportsFeature,
} from "../../src/libvirt/index.ts";
import { authList } from "../../src/libvirt/procedures/auth-list.ts";
import { authPolkit } from "../../src/libvirt/procedures/auth-polkit.ts";
import { connectClose } from "../../src/libvirt/procedures/connect-close.ts";
import { connectOpen } from "../../src/libvirt/procedures/connect-open.ts";
import { deregisterDomainEvent } from "../../src/libvirt/procedures/deregister-domain-event.ts";
import { registerDomainEvent } from "../../src/libvirt/procedures/register-domain-event.ts";
import { XdrReader } from "../../src/libvirt/xdr-reader.ts";
import { xdr } from "./fake-daemon.ts";

const domain = { name: "vm", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: -1 };
const DOMAIN = "00000002 766d0000 00112233445566778899aabbccddeeff ffffffff";

const named = { name: "ab", uuid: domain.uuid };
const NAMED = "00000002 61620000 00112233445566778899aabbccddeeff";

const compact = (hex: string): string => hex.replaceAll(" ", "");

/** A call as it must be on the wire, and a reply with what it means. */
function row<Arguments, Result>(
  procedure: Procedure<Arguments, Result>,
  call: { number: number; args: Arguments; wire: string },
  reply: { wire: string; means: Result },
): { name: string; check: () => void } {
  return {
    name: procedure.name,
    check() {
      assert.equal(procedure.number, call.number);
      assert.equal(xdr((writer) => procedure.encode(writer, call.args)).toString("hex"), compact(call.wire));
      const reader = new XdrReader(Buffer.from(compact(reply.wire), "hex"));
      assert.deepEqual(procedure.decode(reader), reply.means);
      assert.equal(reader.remaining, 0);
    },
  };
}

const nothing = { wire: "", means: undefined };
const text = { wire: "00000002 61620000", means: "ab" };
const version = { wire: "00000000 00b74fe0", means: 12_013_536 };
const model = `${"61".padStart(8, "0")} ${"62".padStart(8, "0")} ${"00000000".repeat(30)}`;

const rows = [
  row(
    connectOpen,
    { number: 1, args: { uri: "ab", flags: 1 }, wire: "00000001 00000002 61620000 00000001" },
    nothing,
  ),
  row(connectClose, { number: 2, args: undefined, wire: "" }, nothing),
  row(
    authList,
    { number: 66, args: undefined, wire: "" },
    { wire: "00000002 00000000 00000002", means: [0, 2] },
  ),
  row(authPolkit, { number: 70, args: undefined, wire: "" }, { wire: "00000001", means: true }),
  row(supportsFeature, { number: 60, args: 14, wire: "0000000e" }, { wire: "00000000", means: false }),
  row(getHostname, { number: 59, args: undefined, wire: "" }, text),
  row(getType, { number: 3, args: undefined, wire: "" }, text),
  row(getUri, { number: 110, args: undefined, wire: "" }, text),
  row(getVersion, { number: 4, args: undefined, wire: "" }, version),
  row(getLibVersion, { number: 157, args: undefined, wire: "" }, version),
  row(
    nodeGetInfo,
    { number: 6, args: undefined, wire: "" },
    {
      wire: `${model} 0000000000000007 00000001 00000002 00000003 00000004 00000005 00000006`,
      means: {
        model: "ab",
        memoryKiB: 7,
        cpus: 1,
        frequencyMHz: 2,
        numaNodes: 3,
        socketsPerNode: 4,
        coresPerSocket: 5,
        threadsPerCore: 6,
      },
    },
  ),
  row(
    listAllDomains,
    { number: 273, args: { flags: 3 }, wire: "00000001 00000003" },
    { wire: `00000001 ${DOMAIN} 00000001`, means: [domain] },
  ),
  row(
    getAllDomainStats,
    {
      number: 344,
      args: { domains: [domain], groups: 0x3f, flags: StatsFlags.enforce | StatsFlags.nowait },
      wire: `00000001 ${DOMAIN} 0000003f a0000000`,
    },
    {
      wire: `00000001 ${DOMAIN} 00000001 00000001 61000000 00000002 00000009`,
      means: [{ domain, parameters: [{ field: "a", value: 9 }] }],
    },
  ),
  row(getXmlDesc, { number: 14, args: { domain, flags: 2 }, wire: `${DOMAIN} 00000002` }, text),
  row(
    getState,
    { number: 212, args: { domain }, wire: `${DOMAIN} 00000000` },
    { wire: "00000005 00000002", means: { state: 5, reason: 2 } },
  ),
  row(
    controlInfo,
    { number: 229, args: { domain }, wire: `${DOMAIN} 00000000` },
    { wire: "00000002 00000001 0000000000001388", means: { state: 2, details: 1, stateTimeMs: 5000 } },
  ),
  row(
    listAllStoragePools,
    { number: 281, args: undefined, wire: "00000001 00000000" },
    { wire: `00000001 ${NAMED} 00000001`, means: [named] },
  ),
  row(
    storagePoolGetInfo,
    { number: 87, args: { pool: named }, wire: NAMED },
    {
      wire: "00000002 0000000000000009 0000000000000004 0000000000000005",
      means: { state: 2, capacityBytes: 9, allocationBytes: 4, availableBytes: 5 },
    },
  ),
  row(
    listAllNetworks,
    { number: 283, args: { flags: NetworkListFlags.active }, wire: "00000001 00000002" },
    { wire: `00000001 ${NAMED} 00000001`, means: [named] },
  ),
  row(
    networkGetDhcpLeases,
    { number: 341, args: { network: named }, wire: `${NAMED} 00000000 00000001 00000000` },
    {
      wire:
        `00000002 00000002 61620000 0000000065000000 00000000 00000001 00000002 61620000 00000000 00000002 61620000 ` +
        `00000018 00000001 00000002 61620000 00000000 ` +
        `00000002 61620000 0000000000000000 00000000 00000000 00000000 00000002 61620000 00000018 00000000 00000000 ` +
        `00000002`,
      means: [
        { expiryS: 0x6500_0000, mac: "ab", address: "ab" },
        { expiryS: 0, mac: undefined, address: "ab" },
      ],
    },
  ),
  row(
    getDiskErrors,
    { number: 263, args: { domain }, wire: `${DOMAIN} 00000100 00000000` },
    { wire: "00000001 00000002 61620000 00000002 00000001", means: [{ disk: "ab", error: 2 }] },
  ),
  row(
    registerDomainEvent,
    { number: 316, args: { eventId: 13, domain }, wire: `0000000d 00000001 ${DOMAIN}` },
    { wire: "00000004", means: 4 },
  ),
  row(deregisterDomainEvent, { number: 317, args: { callbackId: 4 }, wire: "00000004" }, nothing),
];

for (const { name, check } of rows) test(`${name} on the wire`, check);

test("a list whose count is not its length is refused", () => {
  const reader = new XdrReader(Buffer.from("0000000000000001", "hex"));
  assert.throws(() => listAllDomains.decode(reader), {
    code: "LIBVIRT_PROTOCOL",
    message: /0 domains are listed, 1 are/,
  });
});
