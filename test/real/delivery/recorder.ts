import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

import type { JsonResource } from "../../../src/metrics/json.ts";
import { decodeRequest } from "../../otlp/official-proto.ts";
import { resourcesOf } from "../exported.ts";

/** A backend that takes everything at any path and writes it down. */
export interface Recorder {
  readonly origin: string;
  /** All that came, without points that end a series. */
  readonly resources: readonly JsonResource[];
  /** When requests came, milliseconds since 1970. */
  readonly arrivedAtMs: readonly number[];
  close(): Promise<void>;
}

/** Listens on the loopback interface. */
export async function startRecorder(): Promise<Recorder> {
  const resources: JsonResource[] = [];
  const arrivedAtMs: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      arrivedAtMs.push(Date.now());
      const body = Buffer.concat(chunks);
      const isZipped = request.headers["content-encoding"] === "gzip";
      const { resourceMetrics = [] } = decodeRequest(isZipped ? gunzipSync(body) : body);
      for (const each of resourcesOf([{ resourceMetrics }])) resources.push(each);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    resources,
    arrivedAtMs,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
