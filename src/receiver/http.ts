import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { REQUEST_LIMIT_BYTES, type Receiver, type ReceiverOptions, listenError } from "./contract.ts";
import { type Service, servicesOf } from "./services.ts";

const decompress = promisify(gunzip);

/** {@link startReceiver} for HTTP with protobuf. */
export async function startHttpReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { tls, port = 0 } = options;
  const services = servicesOf(options);
  const [metrics] = services;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const status = await receive(request, services);
    response.writeHead(status, { "content-type": "application/x-protobuf", "content-length": 0 }).end();
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(request, response);
  const server =
    tls === undefined
      ? createServer(onRequest)
      : createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: true }, onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(port, cause)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listening}${metrics.httpPath}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Takes one request; gives the status to answer with. */
async function receive(request: IncomingMessage, services: readonly Service[]): Promise<number> {
  const service = services.find(({ httpPath }) => httpPath === request.url);
  if (service === undefined) return 404;
  if (request.method !== "POST") return 405;
  if (request.headers["content-type"] !== "application/x-protobuf") return 415;
  try {
    const body = await readBody(request);
    if (body === undefined) return 413;
    const message =
      request.headers["content-encoding"] === "gzip"
        ? await decompress(body, { maxOutputLength: REQUEST_LIMIT_BYTES })
        : body;
    service.take(message, { headers: plainHeaders(request), bytes: message.length });
    return 200;
  } catch {
    return 400;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > REQUEST_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
