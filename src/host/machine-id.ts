/**
 * /etc/machine-id, what tells this machine from all others.
 * https://www.freedesktop.org/software/systemd/man/latest/machine-id.html
 *
 *     b08dfa6083e7567a1921a715000001fb
 *
 * 32 hexadecimal digits in small letters; empty or "uninitialized" on an image that never booted. D-Bus keeps the
 * same in /var/lib/dbus/machine-id where there is no systemd.
 */
import { codeOf, readKernelFile } from "./kernel-file.ts";

const PLACES = ["etc/machine-id", "var/lib/dbus/machine-id"];
const LIMIT_BYTES = 64;

/** Reads the machine's id; `root` is the folder in which /etc lies. Undefined when it has none. */
export async function readMachineId(root = "/"): Promise<string | undefined> {
  for (const place of PLACES) {
    const id = parseMachineId(await readPlace(`${root}/${place}`));
    if (id !== undefined) return id;
  }
  return undefined;
}

/** Docker makes a folder of a file that it is to mount and that the host does not have: that is no id either. */
async function readPlace(path: string): Promise<string> {
  try {
    return (await readKernelFile(path, LIMIT_BYTES)) ?? "";
  } catch (error) {
    if (codeOf(error) === "EISDIR") return "";
    throw error;
  }
}

/** The id; undefined when the text is none. */
export function parseMachineId(text: string): string | undefined {
  const id = text.trim();
  return /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id) ? id : undefined;
}
