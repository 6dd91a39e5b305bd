import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { run } from "../../src/cli/run.ts";
import { KvmeterError } from "../../src/errors.ts";
import { startReceiver, type ReceivedResource } from "../../src/receiver/receiver.ts";
import { pem } from "../otlp/certificates.ts";
import { simulated } from "../simulated.ts";
import { collectingContext } from "./context.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-run-"));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, "kvmeter.yaml");
const certificates = join(import.meta.dirname, "../fixtures/certificates");

const TLS = { cert: pem("server"), key: pem("server-key") };

test("what is read arrives with the attributes and headers of the configuration, until it is told to stop", async (context) => {
  const { uri } = await simulated(context, { domains: 2 });
  const stop = new AbortController();
  const received: ReceivedResource[] = [];
  let authorization: string | undefined;
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    onMetrics: (resources, { headers }) => {
      received.push(...resources);
      ({ authorization } = headers);
      stop.abort();
    },
  });
  context.after(async () => receiver.close());
  writeFileSync(join(directory, "token"), "hunter2\n");
  writeFileSync(
    file,
    `
interval: 500ms
domains: { exclude: [vm-1] }
resource_attributes: { deployment.environment.name: test }
log: { level: trace }
export:
  - endpoint: ${receiver.endpoint}
    protocol: http/protobuf
    headers: { authorization: "Bearer \${file:token}" }
`,
  );
  const { texts, context: command } = collectingContext({ signal: stop.signal });
  assert.equal(await run(["-c", file, "--connect", uri], command), 0);
  assert.equal(authorization, "Bearer hunter2");
  const names = received.map(({ attributes }) => attributes["libvirt.domain.name"]);
  assert.ok(names.includes("vm-0") && !names.includes("vm-1"), names.join());
  for (const { attributes } of received) assert.equal(attributes["deployment.environment.name"], "test");
  assert.equal(texts.stdout, "");
  assert.doesNotMatch(texts.stderr, /hunter2/);
});

const misfits: readonly { name: string; tls: typeof TLS | undefined; yaml: string; message: RegExp }[] = [
  { name: "an authority that nobody trusts", tls: TLS, yaml: "{}", message: /certificate/ },
  {
    name: "a certificate for another name",
    tls: TLS,
    yaml: `{ ca_file: ${certificates}/authority.pem, server_name: elsewhere.example }`,
    message: /another name/,
  },
  {
    name: "TLS to a server that speaks none",
    tls: undefined,
    yaml: `{ ca_file: ${certificates}/authority.pem }`,
    message: /TLS/,
  },
];

for (const protocol of ["grpc", "http/protobuf"] as const) {
  for (const { name, tls, yaml, message } of misfits) {
    test(`run ends when TLS does not fit: ${name}, ${protocol}`, async (context) => {
      const { uri } = await simulated(context, { domains: 1 });
      const receiver = await startReceiver({ protocol, onMetrics: () => undefined, ...(tls && { tls }) });
      context.after(async () => receiver.close());
      const endpoint = receiver.endpoint.replace(/^http:/, "https:").replace("127.0.0.1", "localhost");
      const path = join(directory, `${protocol.slice(0, 4)}-${message.source}.yaml`);
      writeFileSync(path, `export: [{ endpoint: "${endpoint}", protocol: ${protocol}, tls: ${yaml} }]`);
      const { context: command } = collectingContext({ signal: AbortSignal.timeout(4000) });
      await assert.rejects(run(["-c", path, "--connect", uri, "--interval", "500ms"], command), (error) => {
        assert.ok(error instanceof KvmeterError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        assert.deepEqual([error.code, error.exitCode], ["OTLP_TLS", 1]);
        return true;
      });
    });
  }
}

test("warnings of the configuration are logged", async (context) => {
  const { uri } = await simulated(context, { domains: 0 });
  const env = { OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=x" };
  const { texts, context: command } = collectingContext({ env, signal: AbortSignal.timeout(50) });
  assert.equal(await run(["--connect", uri], command), 0);
  assert.match(texts.stderr, /"level":"warn".*service\.instance\.id is not used/);
});
