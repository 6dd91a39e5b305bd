import { presetOf, type PresetName, type Protocol } from "./presets.ts";

/**
 * The complete endpoint of a destination in the file. For HTTP the preset's path is added where the URL has none or
 * only its beginning, so that a base URL as vendors print it works too; any other path stays as it is. Throws an
 * Error that says what is wrong, without the URL.
 */
export function completeEndpoint(endpoint: string, preset: PresetName, protocol: Protocol): string {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error("must be a URL such as http://localhost:4317 or https://otlp.example.com");
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("must not hold a user or password; put them into headers.authorization");
  }
  if (url.hash !== "") throw new Error("must not have a fragment; take away the # and what follows");
  if (protocol === "grpc") {
    if (url.pathname !== "/" || url.search !== "") {
      throw new Error(
        "must have no path, because gRPC uses none; take it away or set protocol: http/protobuf",
      );
    }
    return url.origin;
  }
  const path = presetOf(preset).protocols[protocol]?.path ?? "/";
  const given = url.pathname.replace(/\/+$/, "");
  if (`${path}/`.startsWith(`${given}/`)) url.pathname = path;
  return url.href;
}
