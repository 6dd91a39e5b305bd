import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";

import type { Signal } from "../../src/otlp/destination.ts";
import { closeLater } from "./servers.ts";

/** What a server does with a request. */
export type Script = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;

const PATHS: Readonly<Record<Signal, string>> = {
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

/** Answers with these bytes. */
export function succeed(body: Uint8Array): Script {
  return (_call, answer) => answer(null, Buffer.from(body));
}

/** Serves one signal until the test ends and gives `http://127.0.0.1:port`. */
export async function serve(answer: Script, signal: Signal = "metrics"): Promise<string> {
  const server = new Server();
  server.addService(
    {
      Export: {
        path: PATHS[signal],
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    { Export: answer },
  );
  return bind(server);
}

function asIs(message: Buffer): Buffer {
  return message;
}

/** Lets a server listen until the test ends and gives `http://127.0.0.1:port`. */
export async function bind(server: Server): Promise<string> {
  closeLater(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(`http://127.0.0.1:${port}`);
      else reject(error);
    });
  });
}
