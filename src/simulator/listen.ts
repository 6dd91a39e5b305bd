import { rm } from "node:fs/promises";
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
    if (await answers(socketPath)) {
      throw new KvmeterError(
        "LISTEN",
        `Cannot listen on ${socketPath}: another process listens there; stop it or name another path`,
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

/** Does anything but silence live behind a path? What is no socket counts as something, and is left alone. */
function answers(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(socketPath);
  probe.once("connect", () => {
    probe.destroy();
    resolve(true);
  });
  probe.once("error", (error) => resolve(!isStale(error)));
  return promise;
}

function isStale(error: Error): boolean {
  return hasCode(error, "ECONNREFUSED") || hasCode(error, "ENOENT");
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
