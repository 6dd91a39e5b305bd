import { sumOf } from "../load.ts";
import { perNumber, wireName, wireNames } from "../parameters.ts";
import type { GroupWriter } from "./groups.ts";

const COUNT = wireName("net.count");

const namesOf = perNumber((number) =>
  wireNames({
    name: `net.${number}.name`,
    receivedBytes: `net.${number}.rx.bytes`,
    receivedPackets: `net.${number}.rx.pkts`,
    receiveErrors: `net.${number}.rx.errs`,
    receiveDrops: `net.${number}.rx.drop`,
    transmittedBytes: `net.${number}.tx.bytes`,
    transmittedPackets: `net.${number}.tx.pkts`,
    transmitErrors: `net.${number}.tx.errs`,
    transmitDrops: `net.${number}.tx.drop`,
  }),
);

const RECEIVED_PACKET_BYTES = 420;
const TRANSMITTED_PACKET_BYTES = 810;
/** ARP, neighbour discovery and the like come to a guest that does nothing. */
const BROADCASTS_PER_S = 0.4;
const PACKETS_PER_DROP = 40_000;

/** Group interface, as the guest sees it. libvirt takes it from the host's taps without asking QEMU. */
export const writeInterface: GroupWriter = (list, { domain, moment }) => {
  if (!domain.active) return;
  list.uint(COUNT, domain.nics.length);
  for (const [number, { target, received, transmitted }] of domain.nics.entries()) {
    const names = namesOf(number);
    const receivedPackets = Math.floor(domain.total(received, moment) + moment.ranS * BROADCASTS_PER_S);
    const transmittedPackets = Math.floor(domain.total(transmitted, moment));
    list.string(names.name, target);
    list.ullong(names.receivedBytes, sumOf(receivedPackets, RECEIVED_PACKET_BYTES));
    list.ullong(names.receivedPackets, receivedPackets);
    list.ullong(names.receiveErrors, 0);
    list.ullong(names.receiveDrops, domain.workload === "busy" ? receivedPackets / PACKETS_PER_DROP : 0);
    list.ullong(names.transmittedBytes, sumOf(transmittedPackets, TRANSMITTED_PACKET_BYTES));
    list.ullong(names.transmittedPackets, transmittedPackets);
    list.ullong(names.transmitErrors, 0);
    list.ullong(names.transmitDrops, 0);
  }
};
