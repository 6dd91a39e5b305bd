/**
 * /sys/class/net/<interface>/, what kind of interface it is.
 * https://docs.kernel.org/networking/tuntap.html and drivers/net/tun.c
 *
 *     0x1002
 *
 * tun_flags is there of TUN and TAP devices only: IFF_TUN is 1, IFF_TAP 2. A macvtap has a folder macvtap beside it.
 */
import { listEntries, readValue } from "./sysfs-value.ts";

const IFF_TAP = 0x0002;

/** Whether an interface is a tap, at once: the host's end of a domain's network interface. */
export function isTap(sysfs: string, name: string): boolean {
  // What libvirt and QEMU call theirs; nothing else of a host's is called so, and it saves looking.
  if (/^(?:vnet|macvtap)\d+$/.test(name)) return true;
  const folder = `${sysfs}/class/net/${name}`;
  if (name.includes("/")) return false;
  const flags = readValue(`${folder}/tun_flags`);
  if (flags !== undefined) return (Number(flags) & IFF_TAP) !== 0;
  return listEntries(`${folder}/macvtap`) !== undefined;
}
