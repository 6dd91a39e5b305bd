import type { Agent, ClientRequest, IncomingMessage, request } from "node:http";

import { ANSWER_LIMIT_BYTES } from "./answers.ts";
import { compress, type Codec } from "./compression.ts";
import { connectionError, deadlineError } from "./connection-errors.ts";
import type { ExportOutcome, ExportRequest, OtlpTransport } from "./destination.ts";
import { type HttpAnswer, outcomeOfAnswer } from "./http-outcome.ts";
import { http, loadHttps } from "./node-http.ts";
import { type DestinationOptions, USER_AGENT } from "./options.ts";
import { proxyEnvironmentOf, proxyVariableOf } from "./proxy.ts";
import { secureContextOf } from "./secure-context.ts";
import { nameOfEndpoint, secretsOf } from "./wording.ts";

/** A body as it travels. */
interface Encoded {
  readonly body: Uint8Array;
  readonly codec: Codec;
}

/** With it a server says goodbye to a connection that was idle, and the request that crosses it was not read. */
const REQUEST_TIMEOUT = 408;

/** What became of one attempt on one connection. */
type Attempt = {
  /** A kept connection had been closed by the other side; nothing was sent to anybody. */
  readonly stale: boolean;
} & ({ readonly answer: HttpAnswer; readonly date: string | undefined } | { readonly error: Error });

/**
 * OTLP over HTTP with protobuf bodies: POST, one kept connection, redirects not followed.
 *
 * Failures to connect, TLS included, are outcome "retry": a backend that is restarted or gets a new certificate
 * takes the same request later.
 */
export class HttpTransport implements OtlpTransport {
  readonly #options: DestinationOptions;
  readonly #endpoint: URL;
  readonly #secrets: readonly string[];
  /** Made for the first request: what it trusts takes time to read. */
  #agent: Agent | undefined;
  readonly #send: typeof request;
  readonly #onDate: ((dateMs: number) => void) | undefined;

  /** `onDate` is told the backend's time, milliseconds since the epoch in whole seconds, of each answer that has it. */
  constructor(options: DestinationOptions, onDate?: (dateMs: number) => void) {
    this.#options = options;
    this.#onDate = onDate;
    this.#endpoint = new URL(options.endpoint);
    this.#secrets = secretsOf(options);
    this.#send = this.#endpoint.protocol === "https:" ? loadHttps().request : http.request;
  }

  async export(request: ExportRequest): Promise<ExportOutcome> {
    const { timeoutMs } = this.#options;
    const endpointName = nameOfEndpoint(this.#endpoint);
    const deadline = AbortSignal.timeout(timeoutMs);
    const encoded = await this.#encode(request);
    let attempt = await this.#attempt(encoded, deadline);
    if (attempt.stale) attempt = await this.#attempt(encoded, deadline);
    if ("answer" in attempt) {
      const dateMs = Date.parse(attempt.date ?? "");
      if (!Number.isNaN(dateMs)) this.#onDate?.(dateMs);
      const { pointCount, signal = "metrics" } = request;
      return outcomeOfAnswer(attempt.answer, { endpointName, signal, pointCount, secrets: this.#secrets });
    }
    const error = deadline.aborted
      ? deadlineError(endpointName, timeoutMs)
      : connectionError(endpointName, attempt.error, proxyVariableOf(this.#endpoint));
    return { status: "retry", retryAfterMs: undefined, error };
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
  }

  async #encode({ body, codec }: ExportRequest): Promise<Encoded> {
    if (codec !== undefined) return { body, codec };
    const { compression } = this.#options;
    return { body: await compress(body, compression), codec: compression };
  }

  async #attempt(encoded: Encoded, signal: AbortSignal): Promise<Attempt> {
    try {
      this.#agent ??= createAgent(this.#endpoint, this.#options);
    } catch (error) {
      return { error: error as Error, stale: false };
    }
    return this.#post(encoded, this.#agent, signal);
  }

  #post({ body, codec }: Encoded, agent: Agent, signal: AbortSignal): Promise<Attempt> {
    const { headers } = this.#options;
    return new Promise((resolve) => {
      const request = this.#send(this.#endpoint, {
        method: "POST",
        agent,
        signal,
        headers: {
          "user-agent": USER_AGENT,
          ...headers,
          "content-type": "application/x-protobuf",
          "content-length": body.length,
          ...(codec === "none" ? {} : { "content-encoding": codec }),
        },
      });
      let answered = false;
      const onResponse = (response: IncomingMessage): void => {
        answered = true;
        const stale = request.reusedSocket && response.statusCode === REQUEST_TIMEOUT;
        void readAnswer(response).then((answer) => resolve({ ...answer, stale }));
      };
      request.once("response", onResponse);
      // Nobody asked for another protocol. Without a listener Node ends the request without a word.
      request.once("upgrade", (response, socket) => {
        socket.destroy();
        onResponse(response);
      });
      request.on("error", (error) => {
        // What breaks afterwards, the deadline included, only ends the answer.
        if (!answered) resolve({ error, stale: isStale(request, error) });
      });
      request.end(body);
    });
  }
}

function createAgent(endpoint: URL, { tls }: DestinationOptions): Agent {
  const common = { keepAlive: true, proxyEnv: proxyEnvironmentOf(endpoint) };
  if (endpoint.protocol !== "https:") return new http.Agent(common);
  const { serverName } = tls;
  const { Agent: HttpsAgent } = loadHttps();
  return new HttpsAgent({
    ...common,
    // Said aloud, because an environment variable of Node's can turn the default off.
    rejectUnauthorized: true,
    secureContext: secureContextOf(tls),
    ...(serverName === undefined ? {} : { servername: serverName }),
  });
}

/**
 * Reads an answer up to the limit. A connection that breaks in the middle of the body still has told the status,
 * which is what decides.
 */
async function readAnswer(response: IncomingMessage) {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > ANSWER_LIMIT_BYTES) break;
    }
  } catch {
    // The answer ends here.
  }
  const { "content-type": contentType = "", "retry-after": retryAfter, location, date } = response.headers;
  const body = Buffer.concat(chunks).subarray(0, ANSWER_LIMIT_BYTES);
  return { answer: { status: response.statusCode ?? 0, contentType, retryAfter, location, body }, date };
}

function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
}
