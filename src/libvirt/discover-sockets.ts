import { readdir, stat } from "node:fs/promises";

import { KvmeterError, messageOf } from "../errors.ts";
import { globMatcher } from "../glob.ts";
import { errnoOf } from "./transports/socket.ts";
import type { LibvirtUri } from "./uri.ts";

/** Where each virtual machine has a daemon of its own, as with KubeVirt, nobody can list the sockets beforehand. */
export function socketPatternOf({ transport, socket }: LibvirtUri): string | undefined {
  return transport === "unix" && socket?.includes("*") === true ? socket : undefined;
}

/** The URI of one daemon of those that the pattern of a URI finds. */
export function uriOfSocket(uri: LibvirtUri, socketPath: string): string {
  const others = [...uri.parameters].filter(([name]) => name !== "socket");
  const query = [["socket", socketPath] as const, ...others].map(
    ([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2F", "/")}`,
  );
  return `${uri.driver}+unix://${uri.path}?${query.join("&")}`;
}

/**
 * The sockets whose paths fit a pattern, sorted. `*` is any text within one name. Whether what lies in a folder that
 * may not be searched is a socket, only an attempt to connect tells, so it is among them.
 * @throws KvmeterError LIBVIRT_SOCKET_MISSING, LIBVIRT_SOCKET_PERMISSION when the first folder that is to be listed
 * cannot be
 */
export async function findSockets(pattern: string): Promise<string[]> {
  const [, ...names] = pattern.split("/");
  let paths = [""];
  let isFirst = true;
  for (const name of names) {
    if (!name.includes("*")) {
      paths = paths.map((path) => `${path}/${name}`);
      continue;
    }
    const fits = globMatcher([name]);
    const onError = isFirst ? refuse(pattern) : () => [];
    const found = await Promise.all(
      paths.map(async (path) => {
        const entries = await readdir(path === "" ? "/" : path).catch(onError);
        return entries.filter(fits).map((entry) => `${path}/${entry}`);
      }),
    );
    paths = found.flat();
    isFirst = false;
  }
  const sockets = await Promise.all(paths.map(async (path) => ((await mayBeSocket(path)) ? [path] : [])));
  return sockets.flat().toSorted();
}

async function mayBeSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch (error) {
    return errnoOf(error) === "EACCES";
  }
}

function refuse(pattern: string): (error: unknown) => never {
  return (cause) => {
    const code = errnoOf(cause) === "EACCES" ? "LIBVIRT_SOCKET_PERMISSION" : "LIBVIRT_SOCKET_MISSING";
    const mend = code === "LIBVIRT_SOCKET_MISSING" ? "mend the path" : "let this user list that folder";
    throw new KvmeterError(
      code,
      `Cannot look for libvirt's sockets at ${pattern}: ${messageOf(cause)}; ${mend}`,
      { cause },
    );
  };
}
