import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createServer, type TLSSocket } from "node:tls";

import { pem } from "../../otlp/certificates.ts";

const CERTIFICATES = new URL("../../fixtures/certificates/", import.meta.url);

export interface RelayOptions {
  /** Which of the test certificates it shows; default "server". */
  readonly certificate?: string;
  /** What it does with a client whose handshake is done, instead of what libvirtd does. */
  readonly serve?: (socket: TLSSocket) => void;
}

/**
 * A TLS port of its own in front of a unix socket, as a libvirtd has one: a client with a certificate of the test
 * authority is welcomed by a byte, any other is hung up on. Gives the port.
 */
export async function tlsRelay(
  test: Pick<TestContext, "after">,
  socketPath: string,
  { certificate = "server", serve }: RelayOptions = {},
): Promise<number> {
  const relay = (socket: TLSSocket): void => {
    if (!socket.authorized) {
      socket.end();
      return;
    }
    const daemon = createConnection({ path: socketPath });
    daemon.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("close", () => daemon.destroy());
    socket.write(Buffer.of(1));
    socket.pipe(daemon).pipe(socket);
  };
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    {
      ca: pem("authority"),
      cert: pem(certificate),
      key: pem(`${certificate}-key`),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      (serve ?? relay)(socket);
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A folder for ?pkipath= with the test authority's certificate and a client's, gone when the test is over. */
export async function pkiFolder(test: Pick<TestContext, "after">, client = "client"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-pki-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const files = { authority: "cacert", [client]: "clientcert", [`${client}-key`]: "clientkey" };
  for (const [from, to] of Object.entries(files)) {
    await cp(new URL(`${from}.pem`, CERTIFICATES), join(folder, `${to}.pem`));
  }
  return folder;
}
