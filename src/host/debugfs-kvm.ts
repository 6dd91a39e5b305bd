/**
 * /sys/kernel/debug/kvm, KVM's statistics of all domains together.
 * virt/kvm/kvm_main.c, kvm_init_debug
 *
 *     exits: 1028471
 *
 * One number a file, the sum over the domains that run: it goes down when one ends. The folders in it are those of
 * single domains.
 */
import { field, type HostItem, type HostReader, item } from "./host-reader.ts";
import { parseSigned } from "./numbers.ts";
import { listEntries, readCount } from "./sysfs-value.ts";

const EVENT_LIMIT = 200;

/** What KVM counts. */
export const debugfsKvm = {
  name: "kvm",
  file: "{sysfs}/kernel/debug/kvm",
  needs: "a mounted debugfs, and to be root",
  scopes: {
    hostKvm: { group: "kvm", fields: { value: field("/sys/kernel/debug/kvm/*", "count") } },
  },
  async read({ sysfs, onFault }) {
    const folder = `${sysfs}/kernel/debug/kvm`;
    const names = listEntries(folder);
    if (names === undefined) return undefined;
    const items: HostItem[] = [];
    // The folders of domains are called by the number of a process and that of a file.
    const files = names.filter((name) => /^[a-z]\w*$/.test(name)).toSorted();
    for (const name of files.slice(0, EVENT_LIMIT)) {
      const value = readCount(`${folder}/${name}`, { onFault }, parseSigned);
      if (value !== undefined) items.push(item([name], { value }));
    }
    return { hostKvm: items.toSorted((a, b) => (String(a.path[0]) < String(b.path[0]) ? -1 : 1)) };
  },
} as const satisfies HostReader;
