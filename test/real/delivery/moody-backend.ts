import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A backend that is slow, and away for whole stretches of requests. */
export interface Backend {
  readonly endpoint: string;
  /** Fingerprints of the bodies that it took, in the order in which they first came. */
  readonly received: ReadonlySet<string>;
  /** Requests that have begun and are not answered. */
  readonly underWay: number;
  /** No more moods. */
  isCalm: boolean;
  /** Resolves when so many more requests have begun to arrive. */
  request(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Longest wait before an answer. */
const SLOW_MS = 20;

/** Share of requests at which its mood changes, and of those that find it away. */
const CHANGES = 0.2;
const AWAY = 0.2;

/** Names a batch by its bytes, which travel as they are stored. */
export function fingerprint(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("base64");
}

/** Listens on the loopback interface. */
export async function startBackend(): Promise<Backend> {
  const received = new Set<string>();
  const waiting = new Set<{ left: number; resolve: () => void }>();
  let underWay = 0;
  let isAway = false;
  const backend: Backend = {
    endpoint: "",
    received,
    get underWay() {
      return underWay;
    },
    isCalm: false,
    request: (left) => new Promise((resolve) => waiting.add({ left, resolve })),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  const server = createServer((request, response) => {
    underWay += 1;
    response.once("close", () => (underWay -= 1));
    for (const each of waiting) {
      each.left -= 1;
      if (each.left > 0) continue;
      waiting.delete(each);
      each.resolve();
    }
    if (Math.random() < CHANGES) isAway = Math.random() < AWAY;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (isAway && !backend.isCalm) {
        response.writeHead(503).end();
        return;
      }
      received.add(fingerprint(Buffer.concat(chunks)));
      setTimeout(() => response.end(), backend.isCalm ? 0 : Math.random() * SLOW_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(backend, { endpoint: `http://127.0.0.1:${port}/v1/metrics` });
}
