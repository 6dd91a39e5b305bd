import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { loadConfiguration } from "../../src/config/load.ts";
import { ConfigurationError } from "../../src/config/problems.ts";
import { KvmeterError } from "../../src/errors.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-load-"));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, "kvmeter.yaml");

function load(text: string, env: Record<string, string> = {}) {
  writeFileSync(file, text);
  return loadConfiguration({ file, env }).configuration;
}

/** The problems' lines, without the directory of the file. */
function problems(text: string, env: Record<string, string> = {}): string[] {
  try {
    load(text, env);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.equal(error.exitCode, 2);
    assert.equal(error.message, error.problems.map(({ line }) => line).join("\n"));
    return error.message.split("\n").map((line) => line.replace(`${directory}/`, ""));
  }
  return [];
}

const refused: readonly { name: string; yaml: string; line: string }[] = [
  {
    name: "an unknown option names the nearest one",
    yaml: "intervall: 5s",
    line: 'kvmeter.yaml:1:1 intervall: unknown option (did you mean "interval"?)',
  },
  {
    name: "an unknown option without a near one lists what there is",
    yaml: "log: { zzzzz: 1 }",
    line: "kvmeter.yaml:1:8 log.zzzzz: unknown option, known here are level, format",
  },
  {
    name: "an option of a later version is unknown",
    yaml: "listen_address: localhost",
    line:
      "kvmeter.yaml:1:1 listen_address: unknown option, known here are libvirt, interval, host, hypervisor, domains, " +
      "metrics, statistics, processes, export, state_directory, resource_attributes, listen, log",
  },
  {
    name: "a wrong type",
    yaml: "domains:\n  include: web1",
    line: 'kvmeter.yaml:2:12 domains.include: must be a list: current value is "web1"',
  },
  {
    name: "a list instead of options",
    yaml: "log: []",
    line: "kvmeter.yaml:1:6 log: must be a mapping of options",
  },
  {
    name: "options instead of a list",
    yaml: "export: { preset: collector }",
    line: "kvmeter.yaml:1:9 export: must be a list; begin each entry with a dash",
  },
  {
    name: "a file that is no mapping",
    yaml: "- x",
    line: "kvmeter.yaml:1:1 the whole file: must be a mapping of options",
  },
  {
    name: "a duration without its unit",
    yaml: "interval: 10",
    line: 'kvmeter.yaml:1:11 interval: must be a duration with its unit, such as 500ms, 10s, 5m or 1h30m: current value is "10"',
  },
  {
    name: "a duration out of bounds",
    yaml: "interval: 1ms",
    line: 'kvmeter.yaml:1:11 interval: must be between 100ms and 1d: current value is "1ms"',
  },
  {
    name: "a bad size",
    yaml: "export: [{ request_limit: 4M }]",
    line: 'kvmeter.yaml:1:27 export[0].request_limit: must be a size with its unit, such as 500kB or 4MiB: current value is "4M"',
  },
  {
    name: "a missing secret file",
    yaml: 'export:\n  - headers: { authorization: "Bearer ${file:/nonexistent/token}" }',
    line: "kvmeter.yaml:2:31 export[0].headers.authorization: cannot read /nonexistent/token: no such file; create it or correct the path",
  },
  {
    name: "a variable that is not set",
    yaml: "log:\n  level: ${env:LEVEL}",
    line: "kvmeter.yaml:2:10 log.level: environment variable LEVEL is not set; set it or give a default as in ${env:LEVEL:-default}",
  },
  {
    name: "an unknown preset names the known ones",
    yaml: "export: [{ preset: splunk }]",
    line: 'kvmeter.yaml:1:20 export[0].preset: unknown preset, must be one of collector, prometheus, victoriametrics, grafana-cloud, datadog, newrelic, dynatrace: current value is "splunk"',
  },
  {
    name: "a misspelt preset names the nearest one",
    yaml: "export: [{ preset: promtheus }]",
    line: 'kvmeter.yaml:1:20 export[0].preset: unknown preset, must be one of collector, prometheus, victoriametrics, grafana-cloud, datadog, newrelic, dynatrace (did you mean "prometheus"?): current value is "promtheus"',
  },
  {
    name: "a protocol that the preset does not speak",
    yaml: "export: [{ preset: prometheus, protocol: grpc }]",
    line: "kvmeter.yaml:1:42 export[0].protocol: must be http/protobuf for the preset prometheus",
  },
  {
    name: "a preset without a default endpoint",
    yaml: "export: [{ preset: grafana-cloud, headers: { Authorization: Basic x } }]",
    line: "kvmeter.yaml:1:10 export[0]: site is missing; the preset grafana-cloud needs it to be your stack's zone, such as prod-eu-west-2",
  },
  {
    name: "an endpoint without scheme",
    yaml: "export: [{ endpoint: collector:4317 }]",
    line: "kvmeter.yaml:1:22 export[0].endpoint: must be a URL such as http://localhost:4317 or https://otlp.example.com",
  },
  {
    name: "TLS options for plain HTTP",
    yaml: "export: [{ endpoint: 'http://c:4317', tls: { server_name: c } }]",
    line: "kvmeter.yaml:1:44 export[0].tls: needs an https:// endpoint; change the endpoint or take tls away",
  },
  {
    name: "half of a client certificate",
    yaml: "export: [{ endpoint: 'https://c:4317', tls: { key_file: /dev/null } }]",
    line: "kvmeter.yaml:1:45 export[0].tls: cert_file and key_file must be given together; add the other one",
  },
  {
    name: "a libvirt URI that is none",
    yaml: "libvirt: [{ uri: qemu:///sytem }]",
    line: 'kvmeter.yaml:1:18 libvirt[0].uri: must be a libvirt URI such as qemu:///system: the path must be /system or /session: current value is "qemu:///sytem"',
  },
  {
    name: "a libvirt URI with a password beside a reference",
    yaml: "libvirt: [{ uri: 'qemu+tcp://u:hunter2@${env:HOST:-h}/system' }]",
    line: "kvmeter.yaml:1:18 libvirt[0].uri: must be a libvirt URI such as qemu:///system",
  },
  {
    name: "an attribute that is no whole number",
    yaml: "resource_attributes: { rack: 1.5 }",
    line: 'kvmeter.yaml:1:30 resource_attributes.rack: must be a whole number below 2^53; put any other in quotes: current value is "1.5"',
  },
  {
    name: "the same hypervisor twice",
    yaml: "libvirt: [{}, { uri: 'qemu:///system' }]",
    line: "kvmeter.yaml:1:15 libvirt[1]: is the same as libvirt[0]; keep one of the two",
  },
  {
    name: "a pattern that fits no metric",
    yaml: "metrics: { enable: [libvirt.domain.vcpu.hatled] }",
    line: 'kvmeter.yaml:1:21 metrics.enable[0]: fits no metric (did you mean "libvirt.domain.vcpu.halted"?); kvmeter metrics lists them',
  },
  {
    name: "an attribute that kvmeter sets itself",
    yaml: "resource_attributes: { service.instance.id: x }",
    line: 'kvmeter.yaml:1:45 resource_attributes["service.instance.id"]: is set by kvmeter itself, to tell domains apart; take it away',
  },
];

for (const { name, yaml, line } of refused) {
  test(`refused: ${name}`, () => assert.ok(problems(yaml).includes(line), problems(yaml).join("\n")));
}

test("all problems are listed at once, in the order of the file, those of the environment last", () => {
  const lines = problems(
    "inteval: 1s\nlog: { level: 3 }\nexport:\n  - preset: grafana-cloud\n  - timeout: soon\n  - headers: { a: '${env:NO}' }\n",
    { OTEL_METRIC_EXPORT_INTERVAL: "soon" },
  );
  assert.deepEqual(
    lines.map((line) => line.split(": ", 1)[0]),
    [
      "kvmeter.yaml:1:1 inteval",
      "kvmeter.yaml:2:15 log.level",
      "kvmeter.yaml:4:5 export[0]",
      "kvmeter.yaml:4:5 export[0].headers",
      "kvmeter.yaml:5:14 export[1].timeout",
      "kvmeter.yaml:6:19 export[2].headers.a",
      "OTEL_METRIC_EXPORT_INTERVAL",
    ],
  );
});

test("no problem shows what a reference or a header holds", () => {
  const env = { SECRET: "hunter2" };
  const yaml = `
libvirt: [{ uri: "\${env:SECRET}" }, { uri: "qemu:///\${env:SECRET}" }]
interval: \${env:SECRET}
export:
  - preset: \${env:SECRET}
  - endpoint: \${env:SECRET}
  - endpoint: https://user:hunter2@host/
  - endpoint: grpc://host/?key=hunter2
  - headers: { a: "hunter2\\n", b: "\${env:SECRET}\\n", c: [hunter2] }
  - { endpoint: "https://h", tls: { ca_file: "/\${env:SECRET}/ca.pem" } }
`;
  const lines = problems(yaml, env);
  assert.equal(lines.length, 11, lines.join("\n"));
  assert.doesNotMatch(lines.join("\n"), /hunter2/);
});

test("a file that cannot be read", () => {
  const missing = join(directory, "missing.yaml");
  assert.throws(
    () => loadConfiguration({ file: missing, env: {} }),
    (error) =>
      error instanceof KvmeterError &&
      error.code === "CONFIG_UNREADABLE" &&
      error.message === `Cannot read the configuration file ${missing}: no such file`,
  );
  writeFileSync(file, "#".repeat(256 * 1024 + 1));
  assert.throws(() => loadConfiguration({ file, env: {} }), /larger than 262144 bytes/);
});

test("the command line wins over the file, the file over the environment", () => {
  const env = { OTEL_METRIC_EXPORT_INTERVAL: "30000" };
  writeFileSync(file, "interval: 20s\nlibvirt: [{ timeout: 2s }, { uri: 'xen:///system' }]");
  const overrides = { uri: "qemu:///session", intervalMs: 5000 };
  const overridden = loadConfiguration({ file, env, overrides }).configuration;
  assert.equal(overridden.intervalMs, 5000);
  assert.deepEqual(overridden.libvirt, [{ uri: "qemu:///session", timeoutMs: 2000 }]);
  assert.equal(loadConfiguration({ file, env }).configuration.intervalMs, 20_000);
  assert.equal(load("", env).intervalMs, 30_000);
  assert.equal(load("").intervalMs, 10_000);
  assert.throws(() => loadConfiguration({ env, overrides: { uri: "nonsense" } }), { code: "LIBVIRT_URI" });
});

test("an export section replaces the exporter's environment, and says so", () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://env:4318",
    OTEL_EXPORTER_OTLP_TIMEOUT: "nonsense",
    OTEL_EXPORTER_OTLP_HEADERS: "",
  };
  const configuration = load("export: [{ endpoint: 'http://file:4317' }]", env);
  assert.deepEqual(
    configuration.destinations.map(({ endpoint }) => endpoint),
    ["http://file:4317"],
  );
  assert.equal(configuration.warnings.length, 2);
  assert.match(configuration.warnings.join("\n"), /OTEL_EXPORTER_OTLP_ENDPOINT is not used/);
});

test("destinations take from their preset what they leave out", () => {
  const { destinations } = load(`
export:
  - preset: collector
  - { protocol: http/protobuf, request_limit: 500kB, compression: none, timeout: 3s, identity: attributes }
  - { preset: prometheus, headers: { X-Scope-OrgID: "1" } }
`);
  const [grpc, http, prometheus] = destinations;
  const way = {
    protocol: "grpc",
    endpoint: "http://localhost:4317",
    headers: {},
    compression: "gzip",
    timeoutMs: 10_000,
    requestLimitBytes: 4 * 1024 * 1024 - 16 * 1024,
    tls: {},
    queue: { maxBytes: 256 * 1024 * 1024, maxAgeMs: 48 * 3_600_000 },
  };
  assert.deepEqual(grpc, {
    name: "collector",
    preset: "collector",
    ...way,
    signals: ["metrics", "logs"],
    logs: way,
    identity: "resource",
    temporality: "cumulative",
    order: "fresh-first",
    replayRateBytesPerS: 1024 * 1024,
  });
  assert.equal(http?.name, "collector-2");
  assert.equal(http.endpoint, "http://localhost:4318/v1/metrics");
  assert.equal(http.requestLimitBytes, 500_000);
  assert.equal(http.compression, "none");
  assert.equal(http.timeoutMs, 3000);
  assert.equal(http.identity, "attributes");
  assert.equal(prometheus?.endpoint, "http://localhost:9090/api/v1/otlp/v1/metrics");
  assert.equal(prometheus.identity, "attributes");
  assert.deepEqual(prometheus.headers, { "X-Scope-OrgID": "1" });
});

test("attributes of the file win over those of the environment", () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: "a=1,b=2,service.instance.id=x", OTEL_SERVICE_NAME: "vms" };
  const merged = load("resource_attributes: { b: 3, c: true }", env);
  assert.deepEqual(merged.resourceAttributes, { a: "1", b: 3, c: true });
  assert.equal(merged.serviceName, "vms");
  assert.match(merged.warnings.join(), /service\.instance\.id is not used/);
  assert.equal(load("resource_attributes: { service.name: mine }", env).serviceName, "mine");
  assert.equal(load("").serviceName, "kvmeter");
});

test("secrets are gathered for whoever writes logs", () => {
  writeFileSync(join(directory, "token"), "from-file\n");
  const { secrets, destinations } = load(
    "export: [{ endpoint: 'https://h/?key=q1', protocol: http/protobuf, headers: { a: 'Bearer ${file:token}', b: literal } }]",
  );
  assert.equal(destinations[0]?.headers["a"], "Bearer from-file");
  for (const secret of ["Bearer from-file", "from-file", "literal", "key=q1", "q1"]) {
    assert.ok(secrets.includes(secret), secret);
  }
});
