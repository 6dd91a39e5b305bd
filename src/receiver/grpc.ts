import {
  Server,
  ServerCredentials,
  logVerbosity,
  type sendUnaryData,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";

import { REQUEST_LIMIT_BYTES, type Receiver, type ReceiverOptions, listenError } from "./contract.ts";
import { type Service, servicesOf } from "./services.ts";

// Its own lines on stderr would stand between ours; what goes wrong is in the errors.
setLogVerbosity(logVerbosity.NONE);

/** The bytes are taken as they are: decoding is done where a failure can be answered. */
const RAW_UNARY = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (message: Buffer) => message,
  requestDeserialize: (message: Buffer) => message,
  responseSerialize: (message: Buffer) => message,
  responseDeserialize: (message: Buffer) => message,
} as const;

/** {@link startReceiver} for gRPC. */
export async function startGrpcReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { port = 0, tls } = options;
  const server = new Server({ "grpc.max_receive_message_length": REQUEST_LIMIT_BYTES });
  for (const service of servicesOf(options)) addService(server, service);
  const serverCredentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          tls.ca ?? null,
          [{ cert_chain: tls.cert, private_key: tls.key }],
          tls.ca !== undefined,
        );
  const listening = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, serverCredentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(listenError(port, error));
    });
  });
  return {
    endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listening}`,
    close: async () => server.forceShutdown(),
  };
}

function addService(server: Server, service: Service): void {
  server.addService(
    { Export: { path: service.grpcPath, ...RAW_UNARY } },
    {
      Export: (
        { request, metadata }: { request: Buffer; metadata: { getMap(): Record<string, string | Buffer> } },
        answer: sendUnaryData<Buffer>,
      ) => {
        try {
          const headers = Object.entries(metadata.getMap()).map(([name, value]) => [name, String(value)]);
          service.take(request, { headers: Object.fromEntries(headers), bytes: request.length });
          answer(null, Buffer.alloc(0));
        } catch (error) {
          answer({ code: status.INVALID_ARGUMENT, details: String(error) });
        }
      },
    },
  );
}
