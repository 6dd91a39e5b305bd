import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";

import {
  type ChannelOptions,
  Client,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
  compressionAlgorithms,
  credentials,
  logVerbosity,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";

import { ANSWER_LIMIT_BYTES, decodeExportResponse } from "./answers.ts";
import { connectionError } from "./connection-errors.ts";
import type { ExportOutcome, ExportRequest, OtlpTransport, Signal } from "./destination.ts";
import { outcomeOfFailure } from "./grpc-outcome.ts";
import { type DestinationOptions, endpointUrlOf, USER_AGENT } from "./options.ts";
import { isOnThisMachine } from "./proxy.ts";
import { secureContextOf } from "./secure-context.ts";
import { nameOfEndpoint, quote, secretsOf } from "./wording.ts";

const METHODS: Readonly<Record<Signal, string>> = {
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

/** grpc-js's own limit is two minutes: too long to notice that a backend is back. */
const RECONNECT_LIMIT_MS = 10_000;

// Its own lines on stderr would stand between ours; what goes wrong is in the outcomes.
setLogVerbosity(logVerbosity.NONE);

/**
 * OTLP over gRPC. The body is passed through as it is. Failures to connect, TLS included, are outcome "retry", as
 * over HTTP.
 */
export class GrpcTransport implements OtlpTransport {
  readonly #options: DestinationOptions;
  readonly #endpoint: URL;
  readonly #secrets: readonly string[];
  #client: Client;
  readonly #metadata = new Metadata();
  readonly #calls = new Set<ClientUnaryCall>();

  constructor(options: DestinationOptions) {
    this.#options = options;
    this.#endpoint = endpointUrlOf(options);
    this.#secrets = secretsOf(options);
    try {
      this.#client = createClient(this.#endpoint, options);
    } catch (error) {
      // From grpc-js, which takes the proxy's user and password apart.
      if (!(error instanceof URIError)) throw error;
      throw connectionError(nameOfEndpoint(this.#endpoint), error, "grpc_proxy, https_proxy or http_proxy");
    }
    for (const [name, value] of Object.entries(options.headers)) this.#metadata.set(name, value);
  }

  export({ body, pointCount, signal = "metrics" }: ExportRequest): Promise<ExportOutcome> {
    const { timeoutMs } = this.#options;
    const secrets = this.#secrets;
    const endpointName = nameOfEndpoint(this.#endpoint);
    const onAnswer = (failure: ServiceError | null, answer: Buffer = Buffer.alloc(0)): ExportOutcome => {
      if (failure !== null) return outcomeOfFailure(failure, { endpointName, signal, timeoutMs, secrets });
      const read = answer.subarray(0, ANSWER_LIMIT_BYTES);
      const { rejectedPoints, message } = decodeExportResponse(read, pointCount);
      return { status: "accepted", rejectedPoints, message: quote(message, secrets) };
    };
    const client = this.#client;
    return new Promise((resolve) => {
      const call = client.makeUnaryRequest(
        METHODS[signal],
        asBuffer,
        (answer: Buffer) => answer,
        body,
        this.#metadata,
        { deadline: Date.now() + timeoutMs },
        (failure, answer) => {
          this.#calls.delete(call);
          if (failure?.code === status.DEADLINE_EXCEEDED) this.#leave(client);
          resolve(onAnswer(failure, answer));
        },
      );
      this.#calls.add(call);
    });
  }

  /**
   * Takes a new connection for the next request. Where the other end has lost its power, or a balancer its memory, the
   * kernel would go on trying the old one for a quarter of an hour. Pings find that out as well, but servers refuse
   * those that come more often than every five minutes.
   */
  #leave(client: Client): void {
    if (client !== this.#client) return;
    client.close();
    this.#client = createClient(this.#endpoint, this.#options);
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }
}

function createClient(endpoint: URL, options: DestinationOptions): Client {
  const secure = endpoint.protocol === "https:";
  const port = endpoint.port || (secure ? "443" : "80");
  const channelOptions: ChannelOptions = {
    "grpc.default_compression_algorithm":
      compressionAlgorithms[options.compression === "gzip" ? "gzip" : "identity"],
    "grpc.max_reconnect_backoff_ms": RECONNECT_LIMIT_MS,
    // A request is as large as the destination's own limit allows.
    "grpc.max_send_message_length": -1,
    // No look-up of TXT records for retry policies: what is sent again and when is not DNS's to say.
    "grpc.service_config_disable_resolution": 1,
    // A connection that is left is not found again by the next client.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.primary_user_agent": USER_AGENT,
    "grpc.enable_http_proxy": isOnThisMachine(endpoint) ? 0 : 1,
  };
  const target = `dns:${endpoint.hostname}:${port}`;
  if (!secure) return new Client(target, credentials.createInsecure(), channelOptions);
  const { serverName } = options.tls;
  const host = endpoint.hostname.replaceAll(/[[\]]/g, "");
  const name = serverName ?? host;
  const channelCredentials = credentials.createFromSecureContext(secureContextOf(options.tls), {
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  });
  // grpc-js announces the host to the server in any case, which Node refuses for an address.
  if (name !== host || isIP(name) > 0) {
    channelOptions["grpc.ssl_target_name_override"] = isIP(name) > 0 ? "address.invalid" : name;
  }
  return new Client(target, channelCredentials, channelOptions);
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.length);
}
