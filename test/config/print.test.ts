import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { loadConfiguration } from "../../src/config/load.ts";
import { printConfiguration } from "../../src/config/print.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-print-"));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, "kvmeter.yaml");

test("what is printed is a configuration with the same effect", () => {
  writeFileSync(
    file,
    `
libvirt: [{ uri: "qemu:///session", timeout: 1500ms }]
interval: 90s
hypervisor: { interval: 2m }
host: { enabled: false, procfs: /host/proc, sysfs: /host/sys, taps: true, readers: { stat: { interval: 5s }, ksm: { enabled: false } } }
statistics: { slow_interval: 3m, intervals: { balloon: 0s }, stretch_above: 0.25 }
processes: { process: false, threads: false, cgroups: false, disks: false, numa: false, numa_interval: 5m, instead_of_libvirt: false }
domains: { include: ["web*"], exclude: ["test-?"] }
metrics: { enable: ["libvirt.domain.vcpu.kvm.*"] }
export: [{ preset: prometheus, timeout: 1m, request_limit: 500kB }, { endpoint: "https://c:4317", tls: { server_name: d } }]
resource_attributes: { a: 1, service.name: vms }
listen: "[::1]:9560"
state_directory: /var/lib/kvmeter
log: { level: debug, format: json }
`,
  );
  const loaded = loadConfiguration({ file, env: {} });
  const { libvirt: _, ...sections } = loaded.configuration;
  const untold = loadConfiguration({ env: {} }).configuration;
  for (const [name, value] of Object.entries(sections)) {
    if (name === "secrets" || name === "warnings") continue;
    assert.notDeepEqual(value, untold[name as keyof typeof untold], `${name} is another one than by default`);
  }
  writeFileSync(file, printConfiguration(loaded));
  assert.deepEqual(loadConfiguration({ file, env: {} }).configuration, loaded.configuration);
});

test("secrets are hidden and references shown", () => {
  writeFileSync(join(directory, "token"), "hunter2");
  writeFileSync(
    file,
    `
interval: \${env:INTERVAL}
export:
  - endpoint: https://h/?key=hunter2
    protocol: http/protobuf
    headers: { authorization: "Bearer \${file:token}", a: hunter2, b: "hunter2\${env:INTERVAL}" }
`,
  );
  const text = printConfiguration(loadConfiguration({ file, env: { INTERVAL: "7s" } }));
  assert.doesNotMatch(text, /hunter2|7s/);
  assert.match(text, /^interval: \$\{env:INTERVAL\}$/m);
  assert.match(text, /authorization: Bearer \$\{file:token\}$/m);
  assert.match(text, /a: "\*\*\*"$/m);
  assert.match(text, /b: "?\*\*\*\$\{env:INTERVAL\}"?$/m);
  assert.match(text, /endpoint: https:\/\/h\/v1\/metrics\?\*\*\*$/m);
});

test("secrets beside references, in their defaults and in what is made of them are hidden", () => {
  writeFileSync(join(directory, "path"), "hunter2/v1/metrics");
  writeFileSync(
    file,
    `
export:
  - { endpoint: "https://\${env:HOST}/?key=hunter2&a=\${env:HOST}&b=hunter2", protocol: http/protobuf }
  - { endpoint: "\${env:URL:-https://h/?key=hunter2}", logs_endpoint: "http://\${env:HOST}/?hunter2", protocol: http/protobuf }
  - { endpoint: "https://h/\${file:path}", protocol: http/protobuf }
`,
  );
  const loaded = loadConfiguration({ file, env: { HOST: "h" } });
  const text = printConfiguration(loaded);
  assert.doesNotMatch(text, /hunter2/);
  const endpoints = Array.from(text.matchAll(/\w*endpoint: .*$/gm), ([line]) => line);
  assert.deepEqual(endpoints, [
    "endpoint: https://${env:HOST}/?***",
    "endpoint: ${env:URL:-https://h/?***}",
    "logs_endpoint: http://${env:HOST}/?***",
    "endpoint: https://h/${file:path}",
  ]);
  assert.ok(loaded.configuration.destinations.every(({ logs }) => logs !== undefined));
});

test("what the environment says is printed with its secrets hidden", () => {
  const env = {
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_ENDPOINT: "c:4317",
    OTEL_EXPORTER_OTLP_INSECURE: "true",
    OTEL_EXPORTER_OTLP_HEADERS: "a=hunter2",
  };
  const text = printConfiguration(loadConfiguration({ env }));
  assert.match(text, /endpoint: http:\/\/c:4317$/m);
  assert.match(text, /a: "\*\*\*"$/m);
  assert.doesNotMatch(text, /hunter2/);
});
