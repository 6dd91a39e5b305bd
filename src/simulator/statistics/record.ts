import type { XdrWriter } from "../../libvirt/xdr-writer.ts";
import { ParameterList } from "../parameters.ts";
import { writeBalloon } from "./balloon.ts";
import { writeBlock } from "./block.ts";
import { writeCpu, writeDirtyRate, writeState } from "./general.ts";
import { GroupBit, type GroupWriter, type Look } from "./groups.ts";
import { writeInterface } from "./interface.ts";
import { writeIothread } from "./iothread.ts";
import { writeVm } from "./kvm.ts";
import { writeVcpu } from "./vcpu.ts";

/** In libvirt's order. No perf event is on and no resctrl monitor defined, so perf and memory say nothing. */
const GROUPS: readonly (readonly [bit: number, write: GroupWriter])[] = [
  [GroupBit.state, writeState],
  [GroupBit.cpu, writeCpu],
  [GroupBit.balloon, writeBalloon],
  [GroupBit.vcpu, writeVcpu],
  [GroupBit.interface, writeInterface],
  [GroupBit.block, writeBlock],
  [GroupBit.iothread, writeIothread],
  [GroupBit.dirtyrate, writeDirtyRate],
  [GroupBit.vm, writeVm],
];

/** Writes one domain's record of a bulk reply: `dom, tp<>`. */
export function writeRecord(writer: XdrWriter, groups: number, look: Look): void {
  const { name, uuidBytes, id } = look.domain;
  writer.string(name);
  writer.fixedOpaque(uuidBytes);
  writer.i32(id);
  const list = new ParameterList(writer);
  for (const [bit, write] of GROUPS) {
    if ((groups & bit) !== 0) write(list, look);
  }
  list.end();
}
