import { KvmeterError } from "../errors.ts";
import type { ExportOutcome, ExportRequest, OtlpTransport } from "./destination.ts";
import { HttpTransport } from "./http.ts";
import type { DestinationOptions } from "./options.ts";

/**
 * The transport that the options ask for. Nothing is connected before the first export; gRPC, which is large, is
 * loaded then, if at all. `onDate` is told the backend's time, where HTTP answers have it.
 *
 * @throws KvmeterError CONFIG_INVALID where a header cannot be gRPC metadata.
 */
export function createTransport(
  options: DestinationOptions,
  onDate?: (dateMs: number) => void,
): OtlpTransport {
  if (options.protocol === "http/protobuf") return new HttpTransport(options, onDate);
  for (const [name, value] of Object.entries(options.headers)) checkMetadata(name, value);
  return new LazyGrpcTransport(options);
}

/** gRPC allows less than HTTP does, and values of names in -bin are not text. */
function checkMetadata(name: string, value: string): void {
  if (/^[\w.-]+$/.test(name) && !/-bin$/i.test(name) && /^[ -~]*$/.test(value)) return;
  throw new KvmeterError(
    "CONFIG_INVALID",
    `Cannot send the header "${name}" over gRPC: names take letters, digits, "_", "." and "-" and do not end in ` +
      `"-bin", values take ASCII; use http/protobuf if it must be so`,
  );
}

class LazyGrpcTransport implements OtlpTransport {
  readonly #options: DestinationOptions;
  #loading: Promise<OtlpTransport> | undefined;

  constructor(options: DestinationOptions) {
    this.#options = options;
  }

  async export(request: ExportRequest): Promise<ExportOutcome> {
    this.#loading ??= import("./grpc.ts").then(({ GrpcTransport }) => new GrpcTransport(this.#options));
    const transport = await this.#loading;
    return transport.export(request);
  }

  async close(): Promise<void> {
    const transport = await this.#loading;
    await transport?.close();
  }
}
