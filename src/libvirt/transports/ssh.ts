import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

import { KvmeterError, messageOf } from "../../errors.ts";
import type { Transport, TransportListener, TransportOptions } from "../transport.ts";
import type { LibvirtUri } from "../uri.ts";
import { errnoOf } from "./socket.ts";
import { sshArguments } from "./ssh-command.ts";
import { sshError, sshSilent } from "./ssh-errors.ts";

/** What ssh has of our environment: what it needs to find the user, his keys and his agent. No secrets of others. */
const PASSED_ON = ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK", "KRB5CCNAME"];

const MAX_SAID_CHARS = 4096;

/** How long an ssh that was asked to end may take. */
const END_TIMEOUT_MS = 1000;

/** How long its pipes may stay open when it has ended: another process can hold them. */
const DRAIN_TIMEOUT_MS = 500;

/**
 * Starts ssh to the URI's host, with a proxy to the daemon's socket on the far side. That both work shows in the
 * first call; until then the deadline is the caller's.
 * @throws KvmeterError LIBVIRT_URI, LIBVIRT_CONNECT when there is no ssh; the signal's reason when it is aborted
 */
export async function connectSsh(
  uri: LibvirtUri,
  options: TransportOptions & { readonly readOnly: boolean },
): Promise<Transport> {
  const args = sshArguments(uri, options);
  options.signal?.throwIfAborted();
  const env: NodeJS.ProcessEnv = { LC_ALL: "C" };
  for (const name of PASSED_ON) env[name] = process.env[name];
  // A session of its own: no terminal to ask at, and Ctrl-C is for us, who say goodbye first.
  const child = spawn("ssh", args, { detached: true, stdio: "pipe", env });
  try {
    await once(child, "spawn");
  } catch (cause) {
    const problem = errnoOf(cause) === "ENOENT" ? "there is no ssh in PATH" : messageOf(cause);
    const text = `Cannot connect to "${uri.text}": ${problem}; install OpenSSH's client`;
    throw new KvmeterError("LIBVIRT_CONNECT", text, { cause });
  }
  return new SshTransport(child, peerOf(uri));
}

class SshTransport implements Transport {
  readonly peer: string;
  readonly #child: ChildProcessWithoutNullStreams;
  #failure: KvmeterError | undefined;
  #said = "";
  #heard = false;
  #closed = false;

  constructor(child: ChildProcessWithoutNullStreams, peer: string) {
    this.peer = peer;
    this.#child = child;
    // What goes wrong with a pipe is told by how ssh ends.
    for (const stream of [child, child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-MAX_SAID_CHARS);
    });
    child.once("exit", () => {
      setTimeout(() => this.#destroyPipes(), DRAIN_TIMEOUT_MS).unref();
    });
    child.once("close", (exitCode, signal) => {
      if (!this.#closed) this.#failure = sshError(peer, { said: this.#said, exitCode, signal });
    });
  }

  get failure(): KvmeterError | undefined {
    return this.#failure;
  }

  get unsentBytes(): number {
    return this.#child.stdin.writableLength;
  }

  start(listener: TransportListener): void {
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#heard = true;
      listener.onData(chunk);
    });
    this.#child.once("close", () => listener.onClose(this.#failure));
  }

  write(bytes: Uint8Array): void {
    this.#child.stdin.write(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#heard) this.#failure ??= sshSilent(this.peer, this.#said);
    this.#destroyPipes();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS).unref();
    this.#child.once("exit", () => clearTimeout(killer));
  }

  #destroyPipes(): void {
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
  }
}

function peerOf({ user, host = "", port }: LibvirtUri): string {
  const login = user === undefined ? "" : `${user}@`;
  return `ssh to ${login}${host}${port === undefined ? "" : ` port ${port}`}`;
}
