import type { X509Certificate } from "node:crypto";

import { type DestinationOptions, endpointUrlOf } from "../otlp/options.ts";
import { secureContextOf } from "../otlp/secure-context.ts";
import { type Finding, unwell, well } from "./finding.ts";

/** When to say that a certificate will expire; who renews by themselves does it a month before. */
const SOON_MS = 14 * 86_400_000;
const DAY_MS = 86_400_000;

/**
 * How long the backend's certificate is valid, and the client's own. Of a destination that works: what is wrong with one
 * that does not, its own error says.
 */
export async function checkCertificates(name: string, options: DestinationOptions): Promise<Finding[]> {
  const endpoint = endpointUrlOf(options);
  if (endpoint.protocol !== "https:") return [];
  const { X509Certificate: Certificate } = process.getBuiltinModule("node:crypto");
  const own = options.tls.cert === undefined ? undefined : new Certificate(options.tls.cert);
  const backends = await backendCertificate(endpoint, options);
  return [
    ...(backends === undefined
      ? []
      : [judgeExpiry(name, { whose: "the backend's", validToMs: backends.validToDate.getTime() })]),
    ...(own === undefined
      ? []
      : [judgeExpiry(name, { whose: "the client's", validToMs: own.validToDate.getTime() })]),
  ];
}

/** Is it valid for long enough? */
export function judgeExpiry(
  name: string,
  { whose, validToMs }: { readonly whose: string; readonly validToMs: number },
  nowMs = Date.now(),
): Finding {
  const date = new Date(validToMs).toISOString().slice(0, 10);
  const days = Math.max(0, Math.floor((validToMs - nowMs) / DAY_MS));
  if (validToMs - nowMs > SOON_MS) {
    return well("destination-certificate", name, `${whose} certificate is valid until ${date}`);
  }
  return unwell("destination-certificate", name, { values: { whose, date, days } });
}

function backendCertificate(
  endpoint: URL,
  { protocol, tls, timeoutMs }: DestinationOptions,
): Promise<X509Certificate | undefined> {
  const { connect } = process.getBuiltinModule("node:tls");
  const host = endpoint.hostname.replaceAll(/[[\]]/g, "");
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(endpoint.port || 443),
      // A name only: an address is no server name.
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      ...(protocol === "grpc" && { ALPNProtocols: ["h2"] }),
      secureContext: secureContextOf(tls),
      rejectUnauthorized: true,
      timeout: timeoutMs,
    });
    const end = (certificate?: X509Certificate): void => {
      socket.destroy();
      resolve(certificate);
    };
    socket.once("secureConnect", () => end(socket.getPeerX509Certificate()));
    socket.once("timeout", () => end());
    socket.on("error", () => end());
  });
}
