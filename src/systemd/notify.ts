import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Environment } from "../config/variables.ts";

const TIMEOUT_MS = 5000;

/**
 * Tells systemd something of this service, through its own program: what systemd listens on is a datagram socket, and
 * Node has streams only. The unit needs `NotifyAccess=all`, since it is another process that speaks.
 * @param assignments as `READY=1`
 * @throws Error when there is no such program, or nobody listens
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd-notify.html
 */
export async function systemdNotify(
  assignments: readonly string[],
  { NOTIFY_SOCKET, PATH }: Environment,
): Promise<void> {
  // No secrets of ours for another program.
  await promisify(execFile)("systemd-notify", assignments, {
    env: { NOTIFY_SOCKET, PATH },
    timeout: TIMEOUT_MS,
  });
}
