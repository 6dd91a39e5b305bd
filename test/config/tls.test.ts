import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { loadConfiguration } from "../../src/config/load.ts";
import { pem } from "../otlp/certificates.ts";

const CERTIFICATES = join(import.meta.dirname, "../fixtures/certificates");

const directory = mkdtempSync(join(tmpdir(), "kvmeter-tls-"));
after(() => rmSync(directory, { recursive: true }));
for (const name of ["authority", "client", "client-key", "other-key"]) {
  copyFileSync(join(CERTIFICATES, `${name}.pem`), join(directory, `${name}.pem`));
}
const file = join(directory, "kvmeter.yaml");

function tlsOf(options: string) {
  writeFileSync(file, `export: [{ endpoint: "https://c:4317", tls: ${options} }]`);
  return loadConfiguration({ file, env: {} }).configuration.destinations[0]?.tls;
}

test("certificates and keys are read, relative to the configuration file", () => {
  const tls = tlsOf(
    "{ ca_file: authority.pem, cert_file: client.pem, key_file: client-key.pem, server_name: c }",
  );
  assert.deepEqual(tls, {
    ca: pem("authority"),
    cert: pem("client"),
    key: pem("client-key"),
    serverName: "c",
  });
});

test("a key of another certificate is refused, and nothing of it is shown", () => {
  assert.throws(() => tlsOf("{ cert_file: client.pem, key_file: other-key.pem }"), {
    code: "CONFIG_INVALID",
    message:
      /kvmeter\.yaml:1:45 export\[0\]\.tls: certificates and keys do not fit together: key values mismatch$/,
  });
});

test("damaged PEM and a file that is none are refused", () => {
  writeFileSync(
    join(directory, "damaged.pem"),
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  );
  assert.throws(
    () => tlsOf("{ cert_file: damaged.pem, key_file: client-key.pem }"),
    /export\[0\]\.tls: certificates and keys/,
  );
  assert.throws(
    () => tlsOf("{ ca_file: kvmeter.yaml }"),
    /tls\.ca_file: cannot be used: there is no PEM in .*kvmeter\.yaml$/,
  );
});

test("a certificate in the environment without its key, or the key alone, is refused", () => {
  const [cert, key] = ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"] as const;
  const alone = [
    [cert, "client.pem", key],
    [key, "client-key.pem", cert],
    ["OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "client-key.pem", cert],
  ] as const;
  for (const [name, pemFile, other] of alone) {
    assert.throws(() => loadConfiguration({ env: { [other]: "", [name]: join(directory, pemFile) } }), {
      code: "ENVIRONMENT_INVALID",
      message: `${name}: must be given together with ${other}; set that as well`,
    });
  }
});

test("the environment names files too", () => {
  const env = {
    OTEL_EXPORTER_OTLP_CERTIFICATE: join(directory, "authority.pem"),
    OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: join(directory, "client.pem"),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: join(directory, "client-key.pem"),
  };
  const { configuration } = loadConfiguration({ env });
  assert.deepEqual(configuration.destinations[0]?.tls, {
    ca: pem("authority"),
    cert: pem("client"),
    key: pem("client-key"),
  });
  const mismatched = { ...env, OTEL_EXPORTER_OTLP_CLIENT_KEY: join(directory, "other-key.pem") };
  assert.throws(() => loadConfiguration({ env: mismatched }), {
    message: /^OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: certificates and keys do not fit together/,
  });
});
