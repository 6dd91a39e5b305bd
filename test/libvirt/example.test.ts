import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { writeDomainRef } from "../../src/libvirt/domain-ref.ts";
import { writeTypedParameters } from "../../src/libvirt/typed-parameters.ts";
import { FakeDaemon, xdr } from "./fake-daemon.ts";

const EXAMPLE = join(import.meta.dirname, "..", "..", "examples", "libvirt-client.ts");

const domain = { name: "vm-1", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 1 };

test("examples/libvirt-client.ts prints CPU use and events through kvmeter/libvirt", async () => {
  let looks = 0;
  await using daemon = await FakeDaemon.start({
    59: (peer, call) =>
      peer.reply(
        call,
        xdr((writer) => writer.string("host-1")),
      ),
    157: (peer, call) =>
      peer.reply(
        call,
        xdr((writer) => writer.u64(9_000_000)),
      ),
    316: (peer, call) =>
      peer.reply(
        call,
        xdr((writer) => writer.i32(0)),
      ),
    273(peer, call) {
      const event = xdr((writer) => {
        writer.i32(0);
        writeDomainRef(writer, { ...domain, name: "vm-2" });
        writer.i32(2);
        writer.i32(0);
      });
      if (looks === 0) peer.event(318, event);
      const list = xdr((writer) => {
        writer.array([domain], (one) => writeDomainRef(writer, one));
        writer.u32(1);
      });
      peer.reply(call, list);
    },
    344(peer, call) {
      looks += 1;
      const records = xdr((writer) => {
        writer.u32(1);
        writeDomainRef(writer, domain);
        writeTypedParameters(writer, [{ field: "cpu.time", value: looks * 1_000_000_000 }]);
      });
      peer.reply(call, records);
    },
  });
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--conditions=kvmeter-source",
    EXAMPLE,
    daemon.uri,
    "1",
  ]);
  const lines = stdout.trim().split("\n");
  assert.equal(lines[0], `host-1, libvirt 9000000, by ${daemon.path}`);
  assert.equal(lines[1], "vm-2: started");
  assert.match(lines[2] ?? "", /^vm-1: (0\.\d\d|1\.00) CPUs$/);
  assert.equal(lines.length, 3);
});
