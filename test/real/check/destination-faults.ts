/** Faults of destinations, all in one configuration, and the same mended as the check says. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer, request } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startCollector } from "../bed/collector.ts";
import { type Issued, makeAuthority } from "../bed/pki.ts";
import { freePorts } from "../bed/processes.ts";
import { startPrometheus } from "../bed/prometheus.ts";
import { startVictoriaMetrics } from "../bed/victoriametrics.ts";
import { faultsOf, RIGHT } from "./destination-table.ts";
import { check } from "./run-check.ts";

/** How the configuration numbers destinations of one preset. */
const subjectOf = (index: number) => (index === 0 ? "collector" : `collector-${index + 1}`);

/** Plants all faults, finds each, follows each mend, and finds none. */
export async function destinationFaults(t: TestContext): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-real-"));
  t.after(() => rm(folder, { recursive: true }));
  const authority = await makeAuthority(join(folder, "ca"), "kvmeter test authority");
  const served = { cert: join(folder, "server.pem"), key: join(folder, "server-key.pem") };
  const ends = { cert: join(folder, "ending.pem"), key: join(folder, "ending-key.pem") };
  const names = { purpose: "serverAuth", names: "IP:127.0.0.1" } as const;
  await serve(await authority.issue("old", { ...names, expired: true }), served);
  await serve(await authority.issue("ending", names), ends);
  const lasting = await authority.issue("lasting", { ...names, days: 90 });
  const [tls, renewed, ending, small] = (await freePorts(4)).map((port) => `127.0.0.1:${port}`) as [
    string,
    string,
    string,
    string,
  ];
  const [collector, prometheus, guarded, silent] = await Promise.all([
    startCollector({}, (example) =>
      withReceivers(example, { tls, renewed, ending, small, lasting, served, ends }),
    ),
    startPrometheus(),
    startVictoriaMetrics([
      "-httpAuth.username=kvmeter",
      "-httpAuth.password=hunter22",
      "-opentelemetry.maxRequestSize=40000",
    ]),
    listening(t, createServer()),
  ]);
  t.after(() => Promise.all([collector.stop(), prometheus.stop(), guarded.stop()]));
  let aheadMs = 3_600_000;
  const early = await listening(
    t,
    proxyAhead(collector.httpEndpoint, () => aheadMs),
  );
  const { grpcEndpoint: grpc, httpEndpoint } = collector;
  const addresses = { tls, renewed, ending, small, silent, early, grpc, http: httpEndpoint };
  const backends = { ...addresses, prometheus: prometheus.url, guarded: guarded.url, ca: authority.cert };
  const faults = Object.entries(faultsOf(backends));
  const others = { libvirt: [{ uri: "qemu:///system?socket=/nowhere" }], host: { enabled: false } };

  const planted = await check({
    configuration: { ...others, export: faults.map(([, { planted }]) => planted) },
  });
  assert.equal(planted.code, 1, planted.json.findings.map(({ says }) => says).join("\n"));
  for (const [index, [name, { id, names }]] of faults.entries()) {
    const found = planted.find(id, subjectOf(index));
    assert.ok(found, `${name} is not found: ${JSON.stringify(planted.json.findings, undefined, 1)}`);
    assert.match(`${found.says} ${found.mend ?? ""}`, names, name);
  }
  assert.ok(!JSON.stringify(planted.json).includes(RIGHT.slice(6)));

  aheadMs = 0;
  const renewal = await authority.issue("new", { ...names, days: 90 });
  await Promise.all([serve(renewal, served), serve(renewal, ends)]);
  // The collector looks at its certificate once a second.
  await sleep(1100);
  const mended = await check({
    configuration: {
      ...others,
      export: faults.map(([, { planted, mended }]) => ({ ...planted, ...mended })),
    },
  });
  const still = mended.unwell.filter((found) => /^(?:destination|clock)/.test(found));
  const told = mended.json.findings.filter(({ state }) => state !== "ok");
  assert.deepEqual(still, [], JSON.stringify(told, undefined, 1));
  t.diagnostic(`${faults.length} faults of destinations`);
}

async function serve(issued: Issued, served: Issued): Promise<void> {
  await copyFile(issued.key, served.key);
  await copyFile(issued.cert, served.cert);
}

const secured = ({ cert, key }: Issued) => `{ cert_file: ${cert}, key_file: ${key}, reload_interval: 1s }`;

function withReceivers(
  example: string,
  places: {
    readonly tls: string;
    readonly renewed: string;
    readonly ending: string;
    readonly small: string;
    readonly lasting: Issued;
    readonly served: Issued;
    readonly ends: Issued;
  },
): string {
  const { tls, renewed, ending, small, lasting, served, ends } = places;
  const receivers = `receivers:
  otlp/tls: { protocols: { http: { endpoint: "${tls}", tls: ${secured(lasting)} } } }
  otlp/renewed: { protocols: { http: { endpoint: "${renewed}", tls: ${secured(served)} } } }
  otlp/ending: { protocols: { http: { endpoint: "${ending}", tls: ${secured(ends)} } } }
  otlp/small: { protocols: { http: { endpoint: "${small}", max_request_body_size: 40000 } } }
`;
  return example
    .replace("receivers:\n", receivers)
    .replaceAll("receivers: [otlp]", "receivers: [otlp, otlp/tls, otlp/renewed, otlp/ending, otlp/small]");
}

/** Passes everything on to a backend, and tells another time than that does. */
function proxyAhead(backend: string, aheadMs: () => number): Server {
  return createHttpServer({}, (incoming, response) => {
    const [host, port] = backend.split(":");
    const { method, url: path, headers } = incoming;
    const passed = request({ host, port, method, path, headers }, (answer) => {
      const date = new Date(Date.now() + aheadMs()).toUTCString();
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date });
      answer.pipe(response);
    });
    incoming.pipe(passed);
  });
}

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  t.after(() => {
    server.close();
    if ("closeAllConnections" in server)
      (server as ReturnType<typeof createHttpServer>).closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
