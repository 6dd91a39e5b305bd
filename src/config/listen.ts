import { isIP } from "node:net";

import * as v from "valibot";

import type { ListenAddress } from "../local-endpoint/address.ts";

/** What an address looks like, as a regular expression without anchors; whether it is one, parsing says. */
const LISTEN_PATTERN = "(?:localhost|[0-9.]+|\\[[0-9A-Fa-f:.]+\\]):\\d{1,5}";

const WHOLE = new RegExp(`^${LISTEN_PATTERN}$`);

/** The parts of `127.0.0.1:9560`, `[::1]:9560` or `localhost:9560`; undefined when the text is none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (!WHOLE.test(text)) return undefined;
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon).replaceAll(/[[\]]/g, "");
  const port = Number(text.slice(colon + 1));
  if (port > 65_535 || (host !== "localhost" && isIP(host) === 0)) return undefined;
  return { host, port };
}

/** Can only this machine reach the address? */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** The schema of an option that is such an address. */
export const listenAddress = (description: string) => {
  const message = "must be an IP address or localhost, and a port, such as 127.0.0.1:9560 or [::1]:9560";
  return v.pipe(
    v.string(message),
    v.description(description),
    v.metadata({ pattern: `^(?:${LISTEN_PATTERN}|.*\\$\\{.*)$` }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const address = parseListenAddress(dataset.value);
      if (address !== undefined) return address;
      addIssue({ message });
      return NEVER;
    }),
  );
};
