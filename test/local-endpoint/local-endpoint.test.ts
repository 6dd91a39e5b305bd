import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import type { Course } from "../../src/local-endpoint/health.ts";
import { type LocalEndpointOptions, openLocalEndpoint } from "../../src/local-endpoint/local-endpoint.ts";
import type { ResourcePoints } from "../../src/metrics/points.ts";
import { parseExposition } from "./parse-exposition.ts";

const SOUND: Course = {
  intervalMs: 10_000,
  sinceLastCycleMs: 1000,
  hasCycled: true,
  sources: new Map([["qemu:///system", true]]),
  destinations: new Map([["collector", false]]),
};
const SHORT = { requestMs: 200, silenceMs: 300, answerMs: 1000 };

/** So many domains with a hundred series each. */
function domains(count: number): ResourcePoints[] {
  const metrics = Array.from({ length: 100 }, (_, index) => ({
    metric: {
      name: `libvirt.domain.number${index}`,
      kind: "gauge" as const,
      unit: "s",
      description: "A number.",
      valueType: "int" as const,
    },
    points: [
      { series: { attributes: { "system.device": "vda" }, startTimeNs: undefined }, timeNs: 1n, value: 1 },
    ],
  }));
  return Array.from({ length: count }, (_, index) => ({
    resource: { attributes: { "libvirt.domain.uuid": `00000000-0000-4000-8000-${index}` } },
    metrics,
  }));
}

/** A domain of which this alone is known. */
function withCpuTime(name: string): ResourcePoints {
  return {
    resource: { attributes: { "libvirt.domain.uuid": `uuid-of-${name}`, "libvirt.domain.name": name } },
    metrics: [
      {
        metric: {
          name: "libvirt.domain.cpu.time",
          kind: "counter",
          unit: "s",
          description: "CPU time.",
          valueType: "double",
        },
        points: [{ series: { attributes: {}, startTimeNs: 1n }, timeNs: 2n, value: 1.5 }],
      },
    ],
  };
}

async function open(t: TestContext, options: Partial<LocalEndpointOptions> = {}): Promise<string> {
  const endpoint = await openLocalEndpoint(
    { host: "127.0.0.1", port: 0 },
    { course: () => SOUND, points: () => domains(1), hide: (text) => text, ...options },
  );
  t.after(() => endpoint.close());
  return endpoint.url;
}

/** A connection on which these bytes were sent. */
async function raw(t: TestContext, url: string, bytes = ""): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(bytes);
  return socket;
}

/** A request on a connection of its own: a kept one can be closed while the next request is on its way. */
async function getOnce(url: string) {
  const [answer] = (await once(get(url, { agent: false }), "response")) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

test("health and readiness are told in JSON, with the reason and a status for load balancers", async (t) => {
  const url = await open(t, { hide: (text) => text.replaceAll("collector", "***") });
  const healthz = await fetch(`${url}/healthz?verbose=1`);
  assert.equal(healthz.status, 200);
  assert.equal(healthz.headers.get("content-type"), "application/json");
  assert.deepEqual(await healthz.json(), {
    status: "ok",
    reason: "the last cycle ended 1.0 s ago, one is due every 10.0 s",
  });
  const readyz = await fetch(`${url}/readyz`);
  assert.equal(readyz.status, 503);
  assert.deepEqual(await readyz.json(), {
    status: "not ready",
    reason: "no destination has taken data yet: ***",
  });
});

test("metrics are there as text, and zipped for who takes that", async (t) => {
  const url = await open(t);
  const plain = await fetch(`${url}/metrics`, { headers: { "accept-encoding": "identity" } });
  assert.equal(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(plain.headers.get("content-encoding"), null);
  const exposed = await plain.text();
  assert.equal(parseExposition(exposed).length, 101);
  const zipped = await fetch(`${url}/metrics`, { headers: { "accept-encoding": "deflate, gzip" } });
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.equal(await zipped.text(), exposed);
});

test("metrics are there under the names of libvirt-exporter, too", async (t) => {
  const url = await open(t, { points: () => [withCpuTime("web1"), withCpuTime("web2")] });
  const exposed = await (await fetch(`${url}/metrics/libvirt-exporter`)).text();
  assert.match(exposed, /^# TYPE libvirt_domain_info_cpu_time_seconds_total counter$/m);
  assert.match(exposed, /^libvirt_domain_info_cpu_time_seconds_total\{domain="web1"\} 1\.5$/m);
  assert.match(exposed, /^libvirt_domain_info_cpu_time_seconds_total\{domain="web2"\} 1\.5$/m);
});

test("values that are no longer true are not told", async (t) => {
  const late = await open(t, { course: () => ({ ...SOUND, sinceLastCycleMs: 40_000 }) });
  assert.equal((await fetch(`${late}/metrics`)).status, 503);
  assert.equal((await fetch(`${late}/healthz`)).status, 503);
  const early = await open(t, { points: () => undefined });
  assert.equal((await fetch(`${early}/metrics`)).status, 503);
});

test("HEAD gets the headers, other methods and paths nothing", async (t) => {
  const url = await open(t);
  for (const [path, type] of [
    ["/metrics", /^text\/plain/],
    ["/healthz", /^application\/json/],
  ] as const) {
    const head = await fetch(`${url}${path}`, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.match(head.headers.get("content-type") ?? "", type);
    assert.equal(await head.text(), "");
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const refused = await fetch(`${url}/metrics`, { method });
    assert.equal(refused.status, 405);
    assert.equal(refused.headers.get("allow"), "GET, HEAD");
  }
  for (const path of ["/", "/metrics/", "/..%2fmetrics", "/etc/passwd"]) {
    const unknown = await fetch(`${url}${path}`);
    assert.equal(unknown.status, 404);
    assert.equal(await unknown.text(), "There are /healthz, /readyz, /metrics, /metrics/libvirt-exporter.\n");
  }
});

test("headers without end are refused", async (t) => {
  const url = await open(t);
  const socket = await raw(t, url, `GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(9000)}`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 431 /);
});

test("a client that says nothing, and one that never ends saying it, is cut off", async (t) => {
  const url = await open(t, { limits: SHORT });
  for (const bytes of ["", "GET /metrics HTTP/1.1\r\nHo"]) {
    const socket = await raw(t, url, bytes);
    socket.resume();
    await once(socket, "close", { signal: AbortSignal.timeout(2000) });
  }
});

test("a client that does not read is cut off, and others are answered meanwhile", async (t) => {
  const points = domains(1000);
  const limits = { requestMs: 5000, silenceMs: 1000, answerMs: 30_000 };
  const url = await open(t, { points: () => points, limits });
  const request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  const stalled = await Promise.all([raw(t, url, request), raw(t, url, request)]);
  await sleep(100);
  const refused = await getOnce(`${url}/metrics`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal((await getOnce(`${url}/healthz`)).status, 200);
  const closed = stalled.map((socket) => once(socket, "close", { signal: AbortSignal.timeout(20_000) }));
  await sleep(limits.silenceMs * 2.5);
  for (const socket of stalled) socket.resume();
  await Promise.all(closed);
  const answer = await getOnce(`${url}/metrics`);
  assert.equal(answer.status, 200);
  assert.equal(parseExposition(answer.body).length, 101_000);
});

test("others have their turn while many domains are told of", async (t) => {
  const points = domains(1000);
  const url = await open(t, { points: () => points });
  const whole = fetch(`${url}/metrics`, { headers: { "accept-encoding": "identity" } }).then(
    async (answer) => {
      let length = 0;
      for await (const chunk of answer.body ?? []) length += (chunk as Uint8Array).length;
      return length;
    },
  );
  const progress = { done: false, turns: 0 };
  void whole.finally(() => {
    progress.done = true;
  });
  while (!progress.done) {
    await turn();
    progress.turns += 1;
  }
  assert.ok((await whole) > 10_000_000);
  assert.ok(progress.turns > 100, `${progress.turns} turns`);
});

test("no more connections are held than a few scrapers need", async (t) => {
  const url = await open(t);
  const sockets = await Promise.all(Array.from({ length: 16 }, () => raw(t, url)));
  await assert.rejects(getOnce(`${url}/healthz`));
  sockets[0]?.destroy();
  await sleep(200);
  assert.equal((await getOnce(`${url}/healthz`)).status, 200);
});

const refused: readonly { name: string; host: string; message: RegExp }[] = [
  { name: "an address of another machine", host: "192.0.2.1", message: /does not have the address/ },
  { name: "a port that is taken", host: "127.0.0.1", message: /another process does/ },
];

for (const { name, host, message } of refused) {
  test(`listening fails with the reason: ${name}`, async (t) => {
    const port = Number(new URL(await open(t)).port);
    const options = { course: () => SOUND, points: () => undefined, hide: String };
    await assert.rejects(openLocalEndpoint({ host, port }, options), { code: "LISTEN", message });
  });
}

test("closing ends connections that are open", async () => {
  const endpoint = await openLocalEndpoint(
    { host: "127.0.0.1", port: 0 },
    { course: () => SOUND, points: () => undefined, hide: String },
  );
  const socket = connect(Number(new URL(endpoint.url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  await Promise.all([once(socket, "close"), endpoint.close()]);
  await assert.rejects(fetch(endpoint.url));
});
