/** Every event's grammar: what a daemon sends, in bytes written field by field, and what becomes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { writeDomainRef } from "../../src/libvirt/domain-ref.ts";
import { DOMAIN_EVENTS, type DomainEventKind } from "../../src/libvirt/events/domain-events.ts";
import type { EventDefinition } from "../../src/libvirt/events/event.ts";
import { LibvirtError } from "../../src/libvirt/index.ts";
import { connect } from "../../src/libvirt/index.ts";
import { ParameterType, writeTypedParameter } from "../../src/libvirt/typed-parameters.ts";
import { XdrReader } from "../../src/libvirt/xdr-reader.ts";
import type { XdrWriter } from "../../src/libvirt/xdr-writer.ts";
import { listen } from "../../src/readings/event-subscription.ts";
import { liveHeapBytes } from "../collect-garbage.ts";
import { errorPayload, FakeDaemon, xdr } from "./fake-daemon.ts";

const domain = { name: "größe", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 3 };

type Write = (writer: XdrWriter) => void;
const int =
  (...values: number[]): Write =>
  (writer) =>
    values.forEach((value) => writer.i32(value));
const text =
  (...values: string[]): Write =>
  (writer) =>
    values.forEach((value) => writer.string(value));

interface Fixture {
  readonly id: number;
  readonly procedure: number;
  /** What follows the domain. */
  readonly body: readonly Write[];
  readonly told: Readonly<Record<string, unknown>>;
}

const jobParameters: Write = (writer) => {
  writer.u32(6);
  writeTypedParameter(writer, { field: "operation", value: 9 }, ParameterType.int);
  writeTypedParameter(writer, { field: "time_elapsed", value: 18 }, ParameterType.ullong);
  writeTypedParameter(writer, { field: "disk_total", value: 16_777_216 }, ParameterType.ullong);
  writeTypedParameter(writer, { field: "disk_processed", value: 16_777_216 }, ParameterType.ullong);
  writeTypedParameter(writer, { field: "disk_remaining", value: 0 }, ParameterType.ullong);
  writeTypedParameter(writer, { field: "success", value: true }, ParameterType.boolean);
};

const FIXTURES: Readonly<Record<DomainEventKind, Fixture>> = {
  lifecycle: { id: 0, procedure: 318, body: [int(5, 3)], told: { type: "stopped", detail: "migrated" } },
  reboot: { id: 1, procedure: 319, body: [], told: { type: "reboot", detail: "none" } },
  watchdog: { id: 3, procedure: 321, body: [int(2)], told: { type: "watchdog", detail: "reset" } },
  ioError: {
    id: 6,
    procedure: 324,
    body: [text("/images/a.qcow2", "virtio-disk0"), int(1), text("enospc")],
    told: {
      type: "io_error",
      detail: "pause",
      path: "/images/a.qcow2",
      alias: "virtio-disk0",
      reason: "enospc",
    },
  },
  balloon: {
    id: 13,
    procedure: 331,
    body: [(writer) => writer.u64(2n ** 60n)],
    told: { type: "balloon_change", detail: "none", currentKiB: 2n ** 60n },
  },
  deviceRemoved: {
    id: 15,
    procedure: 333,
    body: [text("net1")],
    told: { type: "device_removed", detail: "none", alias: "net1" },
  },
  blockJob: {
    id: 16,
    procedure: 339,
    body: [text("vda"), int(2, 3)],
    told: { type: "block_job", detail: "ready", disk: "vda", job: "copy" },
  },
  tunable: {
    id: 17,
    procedure: 346,
    body: [
      (writer) => {
        writer.u32(2);
        writeTypedParameter(writer, { field: "blkdeviotune.disk", value: "vda" }, ParameterType.string);
        writeTypedParameter(
          writer,
          { field: "blkdeviotune.total_iops_sec", value: 500 },
          ParameterType.ullong,
        );
      },
    ],
    told: { type: "tunable", detail: "blkdeviotune" },
  },
  guestAgent: {
    id: 18,
    procedure: 348,
    body: [int(1, 2)],
    told: { type: "agent_lifecycle", detail: "connected", reason: "channel" },
  },
  deviceAdded: {
    id: 19,
    procedure: 354,
    body: [text("net1")],
    told: { type: "device_added", detail: "none", alias: "net1" },
  },
  migrationIteration: {
    id: 20,
    procedure: 359,
    body: [int(7)],
    told: { type: "migration_iteration", detail: "none", iteration: 7 },
  },
  jobCompleted: {
    id: 21,
    procedure: 363,
    body: [jobParameters],
    told: {
      type: "job_completed",
      detail: "backup",
      figures: {
        operation: "backup",
        elapsedMs: 18,
        downtimeMs: undefined,
        totalBytes: 16_777_216,
        processedBytes: 16_777_216,
        remainingBytes: 0,
        success: true,
        errorText: undefined,
      },
    },
  },
  metadata: {
    id: 23,
    procedure: 379,
    body: [int(2), (writer) => writer.optional("urn:x", (uri) => writer.string(uri))],
    told: { type: "metadata_change", detail: "element", namespace: "urn:x" },
  },
  blockThreshold: {
    id: 24,
    procedure: 385,
    body: [
      text("vda[1]"),
      (writer) => writer.bool(false),
      (writer) => writer.u64(100),
      (writer) => writer.u64(9),
    ],
    told: {
      type: "block_threshold",
      detail: "none",
      disk: "vda[1]",
      path: undefined,
      thresholdBytes: 100,
      excessBytes: 9,
    },
  },
  memoryFailure: {
    id: 25,
    procedure: 423,
    body: [int(1, 3, 2)],
    told: {
      type: "memory_failure",
      detail: "reset",
      recipient: "guest",
      actionRequired: false,
      recursive: true,
    },
  },
  nicMac: {
    id: 27,
    procedure: 453,
    body: [text("net0", "52:54:00:00:00:01", "52:54:00:00:00:02")],
    told: {
      type: "nic_mac_change",
      detail: "none",
      alias: "net0",
      oldMac: "52:54:00:00:00:01",
      newMac: "52:54:00:00:00:02",
    },
  },
  vcpuRemoved: {
    id: 28,
    procedure: 454,
    body: [(writer) => writer.u32(3)],
    told: { type: "vcpu_removed", detail: "none", vcpu: 3 },
  },
  channelLifecycle: {
    id: 29,
    procedure: 455,
    body: [text("org.example.0"), int(2, 1)],
    told: {
      type: "channel_lifecycle",
      detail: "disconnected",
      channel: "org.example.0",
      reason: "domain_started",
    },
  },
};

for (const [kind, { id, procedure, body, told }] of Object.entries(FIXTURES)) {
  test(`${kind} is decoded to the end`, () => {
    const definition: EventDefinition<object> = DOMAIN_EVENTS[kind as DomainEventKind];
    assert.deepEqual([definition.id, definition.procedure], [id, procedure]);
    const bytes = xdr((writer) => {
      writeDomainRef(writer, domain);
      for (const write of body) write(writer);
    });
    const reader = new XdrReader(bytes);
    assert.deepEqual(definition.decode(reader), { domain, ...told });
    reader.expectEnd();
    assert.throws(() => definition.decode(new XdrReader(bytes.subarray(0, -4))), {
      code: "LIBVIRT_PROTOCOL",
    });
  });
}

test("numbers that libvirt has not named yet say which they are, and long texts are cut", () => {
  const decode = (kind: DomainEventKind, ...body: Write[]): unknown =>
    DOMAIN_EVENTS[kind].decode(
      new XdrReader(
        xdr((writer) => {
          writeDomainRef(writer, domain);
          for (const write of body) write(writer);
        }),
      ),
    );
  assert.deepEqual(decode("lifecycle", int(2, 77)), { domain, type: "started", detail: "unknown_77" });
  assert.deepEqual(decode("lifecycle", int(2, 100)), { domain, type: "started", detail: "unknown" });
  assert.deepEqual(decode("lifecycle", int(100, 0)), { domain, type: "unknown", detail: "unknown_0" });
  assert.deepEqual(decode("watchdog", int(-(2 ** 31))), { domain, type: "watchdog", detail: "unknown" });
  assert.deepEqual(decode("lifecycle", int(99, 0)), { domain, type: "unknown_99", detail: "unknown_0" });
  assert.deepEqual(decode("watchdog", int(-1)), { domain, type: "watchdog", detail: "unknown_-1" });
  assert.deepEqual(decode("deviceAdded", text("a".repeat(5000))), {
    domain,
    type: "device_added",
    detail: "none",
    alias: "a".repeat(1024),
  });
});

test("each event is registered by itself; what a daemon does not know is told and hinders no other", async (t) => {
  const REGISTER = 316;
  await using daemon = await FakeDaemon.start({
    [REGISTER]: (peer, call) => {
      const eventId = call.payload.readInt32BE(0);
      if (eventId > 26) peer.reply(call, errorPayload(1, `unsupported event ID ${eventId}`), 1);
      else
        peer.reply(
          call,
          xdr((writer) => writer.i32(eventId)),
        );
    },
  });
  const connection = await connect(daemon.uri);
  t.after(() => connection.close());
  const missing: string[] = [];
  const heard: unknown[] = [];
  await listen(connection, {
    onEvent: (event) => void heard.push(event),
    onMissing: (name, error) => {
      assert.ok(error instanceof LibvirtError);
      missing.push(name);
    },
  });
  assert.equal(daemon.peer.calls(REGISTER).length, Object.keys(DOMAIN_EVENTS).length);
  assert.deepEqual(missing.toSorted(), ["CHANNEL_LIFECYCLE", "NIC_MAC_CHANGE", "VCPU_REMOVED"]);
  const payload = xdr((writer) => {
    writer.i32(0);
    writeDomainRef(writer, domain);
    writer.string("net1");
  });
  const arrived = Promise.withResolvers<void>();
  await connection.subscribe(DOMAIN_EVENTS.deviceAdded, () => arrived.resolve());
  daemon.peer.event(354, payload);
  await arrived.promise;
  assert.deepEqual(heard, [
    { kind: "deviceAdded", domain, type: "device_added", detail: "none", alias: "net1" },
  ]);
});

test("of a long text nothing stays in memory but what is kept of it", () => {
  const long = "a".repeat(1_000_000);
  const ioError = xdr((writer) => {
    writeDomainRef(writer, domain);
    text(long, long)(writer);
    int(1)(writer);
    text(long)(writer);
  });
  const completed = xdr((writer) => {
    writeDomainRef(writer, domain);
    writer.u32(1);
    writeTypedParameter(writer, { field: "errmsg", value: long }, ParameterType.string);
  });
  const before = liveHeapBytes();
  const events = Array.from({ length: 20 }, () => [
    DOMAIN_EVENTS.ioError.decode(new XdrReader(ioError)),
    DOMAIN_EVENTS.jobCompleted.decode(new XdrReader(completed)),
  ]);
  const kept = liveHeapBytes() - before;
  assert.equal(events.length, 20);
  assert.ok(kept < 1_000_000, `${kept} bytes`);
});
