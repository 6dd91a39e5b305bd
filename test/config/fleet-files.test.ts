import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parse } from "yaml";

import { loadConfiguration } from "../../src/config/load.ts";

const FILE = "config/fleet/kvmeter.yaml";

test("the agent of a fleet sends to one name over gRPC and keeps on disk what the gateways have not taken", () => {
  const { configuration } = loadConfiguration({ file: FILE, env: {} });
  const [destination, ...others] = configuration.destinations;
  assert.deepEqual(others, []);
  assert.equal(destination?.preset, "collector");
  assert.equal(destination.protocol, "grpc");
  assert.equal(destination.endpoint, "http://otlp.example.com:4317");
  assert.deepEqual(destination.signals, ["metrics"]);
  assert.equal(configuration.stateDirectory, "/var/lib/kvmeter");
  assert.deepEqual(configuration.warnings, []);
});

test("a gateway waits longer for its backend than an agent for the gateway", () => {
  const { configuration } = loadConfiguration({ file: FILE, env: {} });
  for (const [file, exporter] of Object.entries({
    "gateway-remote-write": "prometheus_remote_write",
    "gateway-kafka": "kafka",
  })) {
    const gateway = parse(readFileSync(`config/fleet/${file}.yaml`, "utf8")) as {
      readonly exporters: Readonly<Record<string, { readonly timeout: string }>>;
    };
    const waitsS = Number.parseInt(gateway.exporters[exporter]?.timeout ?? "", 10);
    assert.ok(waitsS * 1000 > (configuration.destinations[0]?.timeoutMs ?? 0), `${file}: ${waitsS} s`);
  }
});
