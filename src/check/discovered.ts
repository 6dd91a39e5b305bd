import type { LibvirtConfiguration } from "../config/configuration.ts";
import { findSockets, socketPatternOf, uriOfSocket } from "../libvirt/discover-sockets.ts";
import { parseLibvirtUri } from "../libvirt/uri.ts";
import { commandFor } from "./error-mends.ts";
import { failed, well } from "./finding.ts";
import { checkHypervisor, type CheckOptions, type HypervisorCheck } from "./hypervisor.ts";

/** Looks at the hypervisor of an entry, or at each daemon that its pattern finds. Never rejects but for the signal. */
export async function checkHypervisors(
  entry: LibvirtConfiguration,
  options: CheckOptions,
): Promise<readonly HypervisorCheck[]> {
  const uri = parseLibvirtUri(entry.uri);
  const pattern = socketPatternOf(uri);
  if (pattern === undefined) return [await checkHypervisor(entry, options)];
  let sockets: readonly string[];
  try {
    sockets = await findSockets(pattern);
  } catch (error) {
    const finding = failed("libvirt-connection", entry.uri, { error, mend: commandFor(error, entry.uri) });
    return [{ findings: [finding], reading: undefined }];
  }
  const words = `it finds ${sockets.length} ${sockets.length === 1 ? "socket" : "sockets"}`;
  const found = { findings: [well("libvirt-connection", entry.uri, words)], reading: undefined };
  const checks = await Promise.all(
    sockets.map((path) => checkHypervisor({ ...entry, uri: uriOfSocket(uri, path) }, options)),
  );
  return [found, ...checks.filter((check) => !isAbandoned(check))];
}

/** What a pod left behind is no fault. */
function isAbandoned({ findings }: HypervisorCheck): boolean {
  return findings.some(({ code }) => code === "LIBVIRT_SOCKET_REFUSED");
}
