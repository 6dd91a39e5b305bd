/**
 * Proxies that the environment names, as other programs take them from there: `https_proxy` and `http_proxy`, by the
 * endpoint's scheme, and `no_proxy`. Node does it for HTTP, grpc-js for gRPC.
 */

/** The environment for Node's own agents; undefined for an endpoint on this machine, which no proxy can reach. */
export function proxyEnvironmentOf(endpoint: URL): NodeJS.ProcessEnv | undefined {
  return isOnThisMachine(endpoint) ? undefined : process.env;
}

/** Is the endpoint's host the machine itself, by name or by a loopback address? */
export function isOnThisMachine({ hostname }: URL): boolean {
  return /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}

/** For a message: the variable that may have sent a connection to the endpoint elsewhere. */
export function proxyVariableOf(endpoint: URL): string | undefined {
  const name = `${endpoint.protocol.slice(0, -1)}_proxy`;
  const names = isOnThisMachine(endpoint) ? [] : [name, name.toUpperCase()];
  return names.find((each) => (process.env[each] ?? "") !== "");
}
