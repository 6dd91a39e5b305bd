import { lstat, rm } from "node:fs/promises";
import { connect, type Server } from "node:net";

import { KvmeterError, messageOf } from "../errors.ts";

/**
 * Listens on a unix socket. A socket that a dead process left is taken over.
 * @throws KvmeterError LISTEN
 */
export async function listen(server: Server, socketPath: string): Promise<void> {
  try {
    await listenOnce(server, socketPath);
  } catch (error) {
    if (!hasCode(error, "EADDRINUSE")) throw listenError(socketPath, error);
    if (!(await isStale(socketPath))) {
      throw new KvmeterError(
        "LISTEN",
        `Cannot listen on ${socketPath}: something is there that is no dead socket; stop the process that listens, or name another path`,
        { cause: error },
      );
    }
    try {
      await rm(socketPath);
      await listenOnce(server, socketPath);
    } catch (retryError) {
      throw listenError(socketPath, retryError);
    }
  }
}

function listenOnce(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(socketPath, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

/** Is it a socket on which nobody listens? */
async function isStale(socketPath: string): Promise<boolean> {
  if (!(await lstat(socketPath)).isSocket()) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(socketPath);
  probe.once("connect", () => {
    probe.destroy();
    resolve(false);
  });
  probe.once("error", (error) => resolve(hasCode(error, "ECONNREFUSED")));
  return promise;
}

function listenError(socketPath: string, error: unknown): KvmeterError {
  return new KvmeterError(
    "LISTEN",
    `Cannot listen on ${socketPath}: ${messageOf(error)}; the folder must exist and be writable, and the path have at most 107 bytes`,
    { cause: error },
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
