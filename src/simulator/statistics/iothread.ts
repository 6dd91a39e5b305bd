import { perNumber, wireName, wireNames } from "../parameters.ts";
import type { GroupWriter } from "./groups.ts";

const COUNT = wireName("iothread.count");

const namesOf = perNumber((number) =>
  wireNames({
    pollMaximum: `iothread.${number}.poll-max-ns`,
    pollGrow: `iothread.${number}.poll-grow`,
    pollShrink: `iothread.${number}.poll-shrink`,
    pollWeight: `iothread.${number}.poll-weight`,
  }),
);

/** QEMU's default. */
const POLL_MAXIMUM_NS = 32_768;

/** Group iothread. libvirt numbers them by their ids, which begin with 1. */
export const writeIothread: GroupWriter = (list, { domain, release, monitor }) => {
  const { iothreads } = domain.shape;
  if (!monitor || !domain.active || iothreads === 0) return;
  const latest = release === "12.8";
  list.uint(COUNT, iothreads);
  for (let id = 1; id <= iothreads; id++) {
    const names = namesOf(id);
    list.ullong(names.pollMaximum, POLL_MAXIMUM_NS);
    list.uint(names.pollGrow, latest ? 2 : 0);
    list.uint(names.pollShrink, latest ? 2 : 0);
    if (latest) list.uint(names.pollWeight, 3);
  }
};
