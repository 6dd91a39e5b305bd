/**
 * The agent's own HTTP server: is it alive, is it ready, and the values of its last cycle for those who scrape. It
 * costs a cycle nothing: who scrapes gets a copy of the values that the meters have at that moment, and its text is made
 * in pieces between which everything else has its turn.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { constants, createGzip } from "node:zlib";

import { KvmeterError, messageOf } from "../errors.ts";
import type { ResourcePoints } from "../metrics/points.ts";
import { formatAddress, type ListenAddress } from "./address.ts";
import { bareExposition, EXPOSITION_TYPE, exposition } from "./exposition.ts";
import { type Course, type Judgement, judgeHealth, judgeReadiness } from "./health.ts";
import { asLibvirtExporter } from "./libvirt-exporter.ts";
import { snapshotOf } from "./snapshot.ts";

/** What the endpoint tells of, asked at the moment of a request. */
export interface LocalEndpointOptions {
  readonly course: () => Course;
  /** The points of the last cycle, undefined before the first; the next one may write into them. */
  readonly points: () => readonly ResourcePoints[] | undefined;
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;
  readonly limits?: ClientLimits;
}

/** Makes text of points as they are now, piece by piece. */
type Exposition = (points: readonly ResourcePoints[], hide: (text: string) => string) => Iterable<string>;

/** Where metrics are, and under which names. */
const METRICS: ReadonlyMap<string, Exposition> = new Map<string, Exposition>([
  ["/metrics", (points, hide) => exposition(snapshotOf(points), hide)],
  [
    "/metrics/libvirt-exporter",
    (points, hide) => bareExposition(asLibvirtExporter(snapshotOf(points)), hide),
  ],
]);

const PATHS: readonly string[] = ["/healthz", "/readyz", ...METRICS.keys()];

const MAX_CONNECTIONS = 16;

/** Each holds the points of one cycle for as long as its reader takes. */
const MAX_EXPOSITIONS = 2;

const MAX_HEADER_BYTES = 8 * 1024;

/** What a slow or malicious client may take. */
export interface ClientLimits {
  /** Until a request is there. */
  readonly requestMs: number;
  /** Without a byte in either direction. */
  readonly silenceMs: number;
  /** Until the metrics are taken. */
  readonly answerMs: number;
}

const CLIENT_LIMITS: ClientLimits = { requestMs: 5000, silenceMs: 10_000, answerMs: 30_000 };

const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** A server that is open until it is closed. */
export interface LocalEndpoint {
  /** `http://127.0.0.1:9560` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Opens the endpoint.
 * @throws KvmeterError LISTEN
 */
export async function openLocalEndpoint(
  address: ListenAddress,
  options: LocalEndpointOptions,
): Promise<LocalEndpoint> {
  // Not imported: an import statement makes Node evaluate all of node:http, its WebSocket included.
  const { createServer } = process.getBuiltinModule("node:http");
  const { requestMs, silenceMs } = options.limits ?? CLIENT_LIMITS;
  const answerer = new Answerer(options);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: requestMs / 5,
      keepAliveTimeout: requestMs,
    },
    (request, response) => void answerer.answer(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = silenceMs;
  await listen(server, address);
  // What fails later, such as a connection for which there is no file descriptor, fails that client alone.
  server.on("error", () => {});
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${formatAddress({ ...address, port })}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Answerer {
  readonly #options: LocalEndpointOptions;
  #expositions = 0;

  constructor(options: LocalEndpointOptions) {
    this.#options = options;
  }

  /** Never rejects: what goes wrong with a client is the client's matter. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      const headers = { allow: "GET, HEAD", connection: "close" };
      return end(response, { status: 405, text: "Only GET and HEAD.\n", headers });
    }
    const path = request.url?.split("?", 1)[0] ?? "";
    const expositionOf = METRICS.get(path);
    if (expositionOf !== undefined) return this.#expose(request, response, expositionOf);
    switch (path) {
      case "/healthz":
        return this.#tell(response, judgeHealth(this.#options.course()), ["ok", "failing"]);
      case "/readyz":
        return this.#tell(response, judgeReadiness(this.#options.course()), ["ready", "not ready"]);
      default:
        return end(response, { status: 404, text: `There are ${PATHS.join(", ")}.\n` });
    }
  }

  #tell(response: ServerResponse, { good, reason }: Judgement, [yes, no]: readonly [string, string]): void {
    const body = { status: good ? yes : no, reason: this.#options.hide(reason) };
    end(response, {
      status: good ? 200 : 503,
      text: `${JSON.stringify(body)}\n`,
      headers: { "content-type": "application/json" },
    });
  }

  /** Values that are no longer true are not told: who scrapes shall see that there are none. */
  async #expose(request: IncomingMessage, response: ServerResponse, expositionOf: Exposition): Promise<void> {
    const points = this.#options.points();
    const { good, reason } = judgeHealth(this.#options.course());
    if (points === undefined || !good) return end(response, { status: 503, text: `${reason}\n` });
    if (this.#expositions >= MAX_EXPOSITIONS) {
      const text = `${MAX_EXPOSITIONS} others are being answered.\n`;
      return end(response, { status: 503, text, headers: { "retry-after": "1" } });
    }
    const zipped = /\bgzip\b/.test(String(request.headers["accept-encoding"]));
    response.writeHead(200, {
      ...HEADERS,
      "content-type": EXPOSITION_TYPE,
      vary: "accept-encoding",
      ...(zipped ? { "content-encoding": "gzip" } : {}),
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    this.#expositions += 1;
    const { hide, limits: { answerMs } = CLIENT_LIMITS } = this.#options;
    const text = Readable.from(inTurns(expositionOf(points, hide)));
    const deadline = { signal: AbortSignal.timeout(answerMs) };
    const sent = zipped
      ? pipeline(text, createGzip({ level: constants.Z_BEST_SPEED }), response, deadline)
      : pipeline(text, response, deadline);
    await sent.catch(() => response.destroy());
    this.#expositions -= 1;
  }
}

async function* inTurns(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await turn();
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function end(response: ServerResponse, { status, text, headers = {} }: Answer): void {
  const type = { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(text) };
  response.writeHead(status, { ...HEADERS, ...type, ...headers }).end(text);
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(address, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw new KvmeterError("LISTEN", `Cannot listen on ${formatAddress(address)}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process does; stop it, or choose another port with the option listen",
  EADDRNOTAVAIL: "this machine does not have the address; correct the option listen",
  EACCES: "a port below 1024 needs privileges; choose another one with the option listen",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? messageOf(error);
}
