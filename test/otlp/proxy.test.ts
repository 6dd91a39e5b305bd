import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";

import { pem } from "./certificates.ts";
import { assertOutcome, drain, exportOnce, listen } from "./servers.ts";

const SECRET = "proxy-secret";
/** No machine has these names: whoever does not ask the proxy reaches nobody. */
const PLAIN = "http://backend.invalid/v1/metrics";
const SECURE = "https://other.example/v1/metrics";
const TLS = { ca: pem("authority") };
const ACCEPTED = { status: "accepted", rejectedPoints: 0 } as const;

/** A proxy that answers requests itself, and connects to `secureOrigin` whoever wants to be connected. */
async function startProxy(secureOrigin?: string) {
  const asked: (string | undefined)[] = [];
  const proxy = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`, incoming.headers["proxy-authorization"]);
    drain(incoming, () => response.end());
  });
  proxy.on("connect", ({ url, headers }, socket, head: Buffer) => {
    asked.push(`CONNECT ${url}`, headers["proxy-authorization"]);
    if (secureOrigin === undefined) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const backend = connect(Number(new URL(secureOrigin).port), "127.0.0.1");
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    backend.write(head);
    socket.pipe(backend).pipe(socket);
    socket.on("error", () => backend.destroy());
    backend.on("error", () => socket.destroy());
  });
  const origin = await listen(proxy);
  return { asked, url: origin.replace("http://", `http://user:${SECRET}@`) };
}

function setEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before;
    });
  }
}

const credentials = `Basic ${btoa(`user:${SECRET}`)}`;

for (const capitals of [false, true]) {
  const named = (name: string): string => (capitals ? name.toUpperCase() : name);

  test(`through the proxies that ${named("http_proxy")} and ${named("https_proxy")} name`, async (t) => {
    const arrived: string[] = [];
    const backend = createHttpsServer({ cert: pem("other"), key: pem("other-key") }, (incoming, response) => {
      drain(incoming, (body) => {
        arrived.push(body.toString());
        response.end();
      });
    });
    const proxy = await startProxy(await listen(backend));
    setEnvironment(t, { [named("http_proxy")]: proxy.url, [named("https_proxy")]: proxy.url });
    for (const endpoint of [PLAIN, SECURE]) {
      const outcome = await exportOnce({ endpoint, tls: TLS, timeoutMs: 5000 });
      assertOutcome(outcome, { endpoint, expected: ACCEPTED });
    }
    assert.deepEqual(proxy.asked, [`POST ${PLAIN}`, credentials, "CONNECT other.example:443", credentials]);
    assert.deepEqual(arrived, ["a request's bytes"]);
  });

  test(`not through a proxy: what ${named("no_proxy")} names`, async (t) => {
    const proxy = await startProxy();
    setEnvironment(t, { [named("http_proxy")]: proxy.url, [named("no_proxy")]: "a.example,.invalid" });
    const outcome = await exportOnce({ endpoint: PLAIN, timeoutMs: 5000 });
    assert.equal(outcome.status, "retry");
    assert.deepEqual(proxy.asked, []);
  });
}

test("this machine is reached without a proxy, over gRPC as well", async (t) => {
  const proxy = await startProxy();
  const variables = ["http_proxy", "https_proxy", "grpc_proxy"].map((name) => [name, proxy.url] as const);
  setEnvironment(t, Object.fromEntries(variables));
  const backend = createServer((incoming, response) => drain(incoming, () => response.end()));
  const endpoint = await listen(backend);
  for (const each of [endpoint, endpoint.replace("127.0.0.1", "localhost")]) {
    assertOutcome(await exportOnce({ endpoint: each, timeoutMs: 5000 }), { endpoint, expected: ACCEPTED });
  }
  await exportOnce({ endpoint, protocol: "grpc" });
  assert.deepEqual(proxy.asked, []);
});

test("a proxy that does not connect, and one that is not there, are named as what is wrong", async (t) => {
  const proxy = await startProxy();
  setEnvironment(t, { https_proxy: proxy.url });
  assertOutcome(await exportOnce({ endpoint: SECURE, tls: TLS, timeoutMs: 5000 }), {
    endpoint: SECURE,
    expected: { status: "retry" },
    code: "OTLP_CONNECT",
    message: /the proxy makes no connection to it: check .* \(https_proxy names a proxy\)$/,
  });
  setEnvironment(t, { https_proxy: `http://user:${SECRET}@127.0.0.1:9` });
  const outcome = await exportOnce({ endpoint: SECURE, tls: TLS, timeoutMs: 5000 });
  assertOutcome(outcome, {
    endpoint: SECURE,
    expected: { status: "retry" },
    code: "OTLP_CONNECT",
    message: /the connection was refused: .* \(https_proxy names a proxy\)$/,
  });
  assert.doesNotMatch(JSON.stringify(outcome), new RegExp(SECRET));
});

test("an address that is no proxy's is told without its password", async (t) => {
  for (const address of [`http://user:${SECRET}@`, `http://user:${SECRET}%zz@127.0.0.1:9`]) {
    for (const [endpoint, name] of Object.entries({ [PLAIN]: "http_proxy", [SECURE]: "https_proxy" })) {
      setEnvironment(t, { [name]: address });
      const outcome = await exportOnce({ endpoint, tls: TLS, timeoutMs: 5000 });
      assertOutcome(outcome, {
        endpoint,
        expected: { status: "retry" },
        code: "OTLP_CONNECT",
        message: new RegExp(`the proxy's address is none: write http://.* \\(${name} names a proxy\\)$`),
      });
    }
  }
  const begun = exportOnce({ endpoint: "http://backend.invalid:4317", protocol: "grpc" });
  await assert.rejects(begun, { code: "OTLP_CONNECT", message: /the proxy's address is none: .*grpc_proxy/ });
});

test("gRPC goes through the proxy that grpc_proxy or else https_proxy names, for a plain endpoint too", async (t) => {
  const proxy = await startProxy();
  for (const name of ["https_proxy", "grpc_proxy"]) {
    setEnvironment(t, { [name]: proxy.url, http_proxy: "http://127.0.0.1:9" });
    const endpoint = "http://backend.invalid:4317";
    const outcome = await exportOnce({ endpoint, protocol: "grpc", timeoutMs: 5000 });
    assertOutcome(outcome, { endpoint, expected: { status: "retry" } });
    assert.deepEqual(proxy.asked.splice(0, 2), ["CONNECT backend.invalid:4317", credentials]);
  }
});
