import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";

import { connect, type ConnectOptions, getHostname, listAllDomains } from "../../../src/libvirt/index.ts";
import { simulated } from "../../simulated.ts";
import { pkiFolder, tlsRelay } from "./tls-relay.ts";

function uriOf(port: number, pki: string, host = "127.0.0.1"): string {
  return `qemu+tls://${host}:${port}/system?pkipath=${pki}`;
}

async function refusal(uri: string, options: ConnectOptions = {}): Promise<Error & { code?: string }> {
  return connect(uri, { timeoutMs: 2000, ...options }).then(
    () => assert.fail("it connected"),
    (error: Error) => error,
  );
}

describe("connectTls", () => {
  test("speaks to a daemon behind TLS, and says that it is on another machine", async (t) => {
    const simulator = await simulated(t, { domains: 3 });
    const port = await tlsRelay(t, simulator.socketPath);
    for (const host of ["127.0.0.1", "localhost"]) {
      await using connection = await connect(uriOf(port, await pkiFolder(t), host));
      assert.equal((await connection.call(listAllDomains, { flags: 0 })).length, 3);
      assert.equal(connection.socketPath, undefined);
    }
  });

  test("loses nothing that comes together with the welcome", async (t) => {
    const port = await tlsRelay(t, "", {
      // The beginning of a message that is too long to be one.
      serve: (socket) => socket.write(Buffer.from([1, 0x7f, 0xff, 0xff, 0xff])),
    });
    const error = await refusal(uriOf(port, await pkiFolder(t)));
    assert.equal(error.code, "LIBVIRT_PROTOCOL", error.message);
    assert.match(error.message, /2147483647/);
  });

  test("tells that the daemon hung up later", async (t) => {
    const simulator = await simulated(t, { domains: 1 });
    const port = await tlsRelay(t, simulator.socketPath);
    await using connection = await connect(uriOf(port, await pkiFolder(t)));
    await simulator.stop();
    assert.equal((await connection.closed)?.code, "LIBVIRT_DISCONNECTED");
    await assert.rejects(connection.call(getHostname), { code: "LIBVIRT_DISCONNECTED" });
  });

  test("refuses a certificate of another name", async (t) => {
    const port = await tlsRelay(t, "", { certificate: "other" });
    const { code, message } = await refusal(uriOf(port, await pkiFolder(t)));
    assert.equal(code, "LIBVIRT_TLS");
    assert.match(message, /^Cannot connect to 127\.0\.0\.1:\d+: its certificate bears another name: /);
  });

  test("verifies the daemon whatever the environment says", async (t) => {
    const name = "NODE_TLS_REJECT_UNAUTHORIZED";
    const before = process.env[name];
    process.env[name] = "0";
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
    const simulator = await simulated(t, { domains: 1 });
    const port = await tlsRelay(t, simulator.socketPath, { certificate: "other" });
    const { code, message } = await refusal(uriOf(port, await pkiFolder(t)));
    assert.equal(code, "LIBVIRT_TLS", message);
  });

  test("refuses a certificate of another authority, and names the file", async (t) => {
    const port = await tlsRelay(t, "");
    const pki = await pkiFolder(t);
    await copyFile(
      new URL("../../fixtures/certificates/other.pem", import.meta.url),
      join(pki, "cacert.pem"),
    );
    const { code, message } = await refusal(uriOf(port, pki));
    assert.equal(code, "LIBVIRT_TLS");
    assert.ok(
      message.includes(`its certificate is not signed by the authority in ${pki}/cacert.pem`),
      message,
    );
  });

  test("says that the daemon does not accept its certificate, and names the file", async (t) => {
    const port = await tlsRelay(t, "", { serve: (socket) => socket.end() });
    const pki = await pkiFolder(t);
    const { code, message } = await refusal(uriOf(port, pki));
    assert.equal(code, "LIBVIRT_TLS");
    assert.ok(message.includes(`does not accept the client certificate ${pki}/clientcert.pem`), message);
  });

  test("is not taken in by a server that is not libvirt", async (t) => {
    const port = await tlsRelay(t, "", { serve: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") });
    const error = await refusal(uriOf(port, await pkiFolder(t)));
    assert.equal(error.code, "LIBVIRT_PROTOCOL");
    assert.match(error.message, /it is not libvirt that answers$/);
  });

  test("waits no longer than it may for the welcome, and ends by the signal", async (t) => {
    const port = await tlsRelay(t, "", { serve: () => {} });
    const uri = uriOf(port, await pkiFolder(t));
    const { code, message } = await refusal(uri, { timeoutMs: 100 });
    assert.equal(code, "LIBVIRT_DEADLINE");
    assert.match(message, /^Cannot connect to 127\.0\.0\.1:\d+: no connection within 100 ms$/);
    const reason = new Error("enough");
    assert.equal(await refusal(uri, { signal: AbortSignal.abort(reason) }), reason);
  });

  test("tells what is not there from what does not speak TLS", async (t) => {
    const server = createServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end("220 mail\r\n"),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const pki = await pkiFolder(t);
    const plain = await refusal(uriOf(port, pki));
    assert.equal(plain.code, "LIBVIRT_TLS");
    assert.match(plain.message, /does not speak TLS on this port: libvirt's is 16514$/);
    server.close();
    await once(server, "close");
    const nobody = await refusal(uriOf(port, pki));
    assert.equal(nobody.code, "LIBVIRT_CONNECT");
    assert.match(nobody.message, /nobody listens there: .*libvirtd-tls\.socket/);
    const nowhere = await refusal(`qemu+tls://nowhere.invalid/system?pkipath=${pki}`);
    assert.equal(nowhere.code, "LIBVIRT_CONNECT");
    assert.match(
      nowhere.message,
      /^Cannot connect to nowhere\.invalid:16514: the host name cannot be resolved/,
    );
  });

  test("names a list of revoked certificates that is of no use", async (t) => {
    const pki = await pkiFolder(t);
    await writeFile(join(pki, "cacrl.pem"), "no list");
    const { code, message } = await refusal(uriOf(await tlsRelay(t, ""), pki));
    assert.equal(code, "LIBVIRT_TLS");
    assert.ok(message.includes(`list of revoked certificates ${pki}/cacrl.pem is of no use`), message);
  });

  test("needs all files of ?pkipath=", async (t) => {
    for (const file of ["cacert.pem", "clientcert.pem", "clientkey.pem"]) {
      const pki = await pkiFolder(t);
      await rm(join(pki, file));
      const { code, message } = await refusal(uriOf(1, pki));
      assert.equal(code, "LIBVIRT_TLS");
      assert.ok(message.startsWith(`Cannot use ${pki}/${file}: no such file; put `), message);
    }
  });
});
