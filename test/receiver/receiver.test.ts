import assert from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import type { ResourceRecords } from "../../src/metrics/log-records.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { encodeLogs } from "../../src/otlp/encode-logs.ts";
import { encodeCycle } from "../../src/otlp/encode.ts";
import type { DestinationOptions } from "../../src/otlp/options.ts";
import { kvmeterScope } from "../../src/otlp/scope.ts";
import { createTransport } from "../../src/otlp/transport.ts";
import {
  type ReceivedLogs,
  type ReceivedRequest,
  type ReceivedResource,
  type ReceiverOptions,
  startReceiver,
} from "../../src/receiver/receiver.ts";
import { pem } from "../otlp/certificates.ts";

const series = { attributes: { "cpu.logical_number": 3, on: true }, startTimeNs: 10n ** 18n };
const timeNs = 1_700_000_000_123_000_000n;
const head = { description: "d", unit: "By" } as const;

const points: ResourcePoints = {
  resource: { attributes: { "host.name": "h" } },
  metrics: [
    {
      metric: { ...head, name: "counter", kind: "counter", valueType: "int" },
      points: [{ series, timeNs, value: 2n ** 53n + 1n }],
    },
    {
      metric: { ...head, name: "updowncounter", kind: "updowncounter", valueType: "int" },
      points: [{ series, timeNs, value: -5 }],
    },
    {
      metric: { ...head, name: "gauge", kind: "gauge", valueType: "double" },
      points: [
        { series: { attributes: {}, startTimeNs: undefined }, timeNs, value: 0.5 },
        {
          series: { attributes: { a: "b" }, startTimeNs: undefined },
          timeNs,
          value: 0,
          noRecordedValue: true,
        },
      ],
    },
    {
      metric: { ...head, name: "histogram", kind: "histogram", valueType: "double" },
      points: [{ series, timeNs, count: 6, sum: 1.5, bounds: [1, 2], bucketCounts: [1, 2, 3] }],
    },
  ],
};

const request = { body: encodeCycle([points], kvmeterScope("1.2.3")).bytes, pointCount: 5 };

const attributes = series.attributes;
const numeric = { startTimeNs: 10n ** 18n, timeNs, histogram: undefined, noRecordedValue: false };
const expected: ReceivedResource[] = [
  {
    attributes: { "host.name": "h" },
    metrics: [
      {
        ...head,
        name: "counter",
        kind: "counter",
        points: [{ ...numeric, attributes, value: 2n ** 53n + 1n }],
      },
      {
        ...head,
        name: "updowncounter",
        kind: "updowncounter",
        points: [{ ...numeric, attributes, value: -5 }],
      },
      {
        ...head,
        name: "gauge",
        kind: "gauge",
        points: [
          { ...numeric, attributes: {}, startTimeNs: undefined, value: 0.5 },
          {
            ...numeric,
            attributes: { a: "b" },
            startTimeNs: undefined,
            value: undefined,
            noRecordedValue: true,
          },
        ],
      },
      {
        ...head,
        name: "histogram",
        kind: "histogram",
        points: [
          {
            ...numeric,
            attributes,
            value: undefined,
            histogram: { count: 6, sum: 1.5, bounds: [1, 2], bucketCounts: [1, 2, 3] },
          },
        ],
      },
    ],
  },
];

const server = { cert: pem("server"), key: pem("server-key") };
const mutual = { ...server, ca: pem("authority") };
const client = { ca: pem("authority"), cert: pem("client"), key: pem("client-key") };

for (const protocol of ["http/protobuf", "grpc"] as const) {
  for (const compression of ["none", "gzip"] as const) {
    test(`${protocol}, ${compression}: what is sent arrives, headers included`, async () => {
      const received = await sendOnce({ protocol, compression });
      assert.deepEqual(received.resources, expected);
      assert.equal(received.request?.bytes, request.body.length);
      assert.equal(received.request?.headers["authorization"], "Bearer abc");
      assert.match(received.request?.headers["user-agent"] ?? "", /^kvmeter\b/);
    });
  }

  test(`${protocol}: over TLS with certificates on both sides`, async () => {
    const received = await sendOnce({ protocol, compression: "none" }, mutual, client);
    assert.deepEqual(received.resources, expected);
  });

  test(`${protocol}: bytes that are no request are refused and not handed on`, async () => {
    const received: unknown[] = [];
    const receiver = await startReceiver({ protocol, onMetrics: (resources) => received.push(resources) });
    const transport = createTransport(optionsFor({ protocol, endpoint: receiver.endpoint }));
    const outcome = await transport.export({ body: Buffer.from([0x0a, 0xff, 0x01]), pointCount: 1 });
    assert.equal(outcome.status, "refused");
    assert.deepEqual(received, []);
    await transport.close();
    await receiver.close();
  });

  test(`${protocol}: a port that is taken`, async () => {
    const first = await startReceiver({ protocol, onMetrics: () => {} });
    const port = Number(new URL(first.endpoint).port);
    await assert.rejects(startReceiver({ protocol, port, onMetrics: () => {} }), (error: unknown) => {
      assert.ok(error instanceof KvmeterError);
      assert.equal(error.code, "LISTEN");
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
      return true;
    });
    await first.close();
  });
}

const records: ResourceRecords = {
  resource: { attributes: { "libvirt.domain.name": "web1" } },
  records: [
    {
      timeNs,
      observedTimeNs: timeNs + 1n,
      eventName: "libvirt.domain.lifecycle",
      severity: "error",
      body: "web1 crashed",
      attributes: { "libvirt.event.type": "crashed", count: 3, on: true },
    },
    {
      timeNs: undefined,
      observedTimeNs: timeNs + 2n,
      eventName: "libvirt.domain.reboot",
      severity: "info",
      body: undefined,
      attributes: {},
    },
  ],
};

const expectedLogs: ReceivedLogs[] = [
  {
    attributes: { "libvirt.domain.name": "web1" },
    records: [
      {
        timeNs,
        observedTimeNs: timeNs + 1n,
        eventName: "libvirt.domain.lifecycle",
        severityNumber: 17,
        severityText: "ERROR",
        body: "web1 crashed",
        attributes: { "libvirt.event.type": "crashed", count: 3, on: true },
      },
      {
        timeNs: undefined,
        observedTimeNs: timeNs + 2n,
        eventName: "libvirt.domain.reboot",
        severityNumber: 9,
        severityText: "INFO",
        body: undefined,
        attributes: {},
      },
    ],
  },
];

for (const protocol of ["http/protobuf", "grpc"] as const) {
  test(`${protocol}: log records arrive as they were sent, and only where they are wanted`, async () => {
    const [logsRequest] = encodeLogs([records], { scope: kvmeterScope("1.2.3"), limitBytes: 1e6 });
    assert.ok(logsRequest);
    const received: ReceivedLogs[] = [];
    const outcomes: string[] = [];
    for (const onLogs of [
      (resources: readonly ReceivedLogs[]) => void received.push(...resources),
      undefined,
    ]) {
      const receiver = await startReceiver({ protocol, onMetrics: () => {}, ...(onLogs && { onLogs }) });
      const endpoint = receiver.endpoint.replace("/v1/metrics", "/v1/logs");
      const transport = createTransport(optionsFor({ protocol, endpoint }));
      outcomes.push((await transport.export(logsRequest)).status);
      await transport.close();
      await receiver.close();
    }
    assert.deepEqual(outcomes, ["accepted", "refused"]);
    assert.deepEqual(received, expectedLogs);
  });
}

test("HTTP: another path, method or type is refused with its own status", async () => {
  const receiver = await startReceiver({ protocol: "http/protobuf", onMetrics: () => {} });
  const type = { "content-type": "application/x-protobuf" };
  const json = { "content-type": "application/json" };
  const cases: [string, RequestInit, number][] = [
    ["/v1/traces", { method: "POST", headers: type }, 404],
    ["/v1/metrics", { method: "GET", headers: type }, 405],
    ["/v1/metrics", { method: "POST", headers: json, body: "{}" }, 415],
    [
      "/v1/metrics",
      { method: "POST", headers: { ...type, "content-encoding": "gzip" }, body: "no gzip" },
      400,
    ],
    ["/v1/metrics", { method: "POST", headers: type }, 200],
  ];
  for (const [path, init, status] of cases) {
    const answer = await fetch(new URL(path, receiver.endpoint), init);
    assert.equal(answer.status, status, path);
  }
  await receiver.close();
});

test("closing ends connections that are still open", async () => {
  const receiver = await startReceiver({ protocol: "grpc", onMetrics: () => {} });
  const session = connect(receiver.endpoint);
  session.on("error", () => {});
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  const closed = new Promise((resolve) => session.once("close", resolve));
  await receiver.close();
  await closed;
  assert.ok(session.destroyed);
});

async function sendOnce(
  sender: Pick<DestinationOptions, "protocol" | "compression">,
  serverTls?: ReceiverOptions["tls"],
  clientTls: DestinationOptions["tls"] = {},
): Promise<{ resources: readonly ReceivedResource[]; request: ReceivedRequest | undefined }> {
  let received: Awaited<ReturnType<typeof sendOnce>> = { resources: [], request: undefined };
  const receiver = await startReceiver({
    protocol: sender.protocol,
    onMetrics: (resources, request) => {
      received = { resources, request };
    },
    ...(serverTls === undefined ? {} : { tls: serverTls }),
  });
  const transport = createTransport(optionsFor({ ...sender, endpoint: receiver.endpoint, tls: clientTls }));
  try {
    const outcome = await transport.export(request);
    assert.deepEqual(outcome, { status: "accepted", rejectedPoints: 0, message: "" });
  } finally {
    await transport.close();
    await receiver.close();
  }
  return received;
}

function optionsFor(options: Partial<DestinationOptions>): DestinationOptions {
  return {
    protocol: "grpc",
    endpoint: "",
    headers: { authorization: "Bearer abc" },
    compression: "none",
    timeoutMs: 5000,
    requestLimitBytes: 1e6,
    tls: {},
    ...options,
  };
}
