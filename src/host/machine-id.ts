/**
 * /etc/machine-id, what tells this machine from all others.
 * https://www.freedesktop.org/software/systemd/man/latest/machine-id.html
 *
 *     b08dfa6083e7567a1921a715000001fb
 *
 * 32 hexadecimal digits in small letters; empty or "uninitialized" on an image that never booted. D-Bus keeps the
 * same in /var/lib/dbus/machine-id where there is no systemd.
 */
import { readKernelFile } from "./kernel-file.ts";

const PLACES = ["etc/machine-id", "var/lib/dbus/machine-id"];
const LIMIT_BYTES = 64;

/** Reads the machine's id; `root` is the folder in which /etc lies. Undefined when it has none. */
export async function readMachineId(root = "/"): Promise<string | undefined> {
  for (const place of PLACES) {
    const id = parseMachineId((await readKernelFile(`${root}/${place}`, LIMIT_BYTES)) ?? "");
    if (id !== undefined) return id;
  }
  return undefined;
}

/** The id; undefined when the text is none. */
export function parseMachineId(text: string): string | undefined {
  const id = text.trim();
  return /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id) ? id : undefined;
}
