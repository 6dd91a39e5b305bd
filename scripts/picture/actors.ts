import type { Actor } from "./guests.ts";

/** Loops of busybox: what they do grows and shrinks, so that there is something to be seen. */
const burn = (amounts: string) => `
while true; do
  for amount in ${amounts}; do
    for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
      awk -v n=$((amount * 4000)) 'BEGIN { for (i = 0; i < n; i++) x += i }'
      usleep 300000
    done
  done
done &
`;

const writeAndRead = `
while true; do
  for blocks in 4 6 10 24 48 64 40 16 8 2; do
    for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
      dd if=/dev/zero of=/dev/vda bs=16k count=$blocks seek=$((blocks * turn)) oflag=direct conv=notrunc 2>/dev/null
      dd if=/dev/vdb of=/dev/null bs=64k count=$blocks skip=$((blocks * turn)) iflag=direct 2>/dev/null
      dd if=/dev/zero of=/dev/vdb bs=4k count=2 seek=$turn conv=fsync,notrunc 2>/dev/null
      usleep 700000
    done
  done
done &
`;

/** The VM in the picture. */
export const DATABASE: Actor = {
  name: "db1",
  vcpus: 2,
  memoryMib: 512,
  diskMib: [256, 256],
  work: `${burn("1 2 3 5 8 10 9 6 4 2")}${burn("6 5 4 2 1 1 2 3 5 7")}${writeAndRead}wait\n`,
};

/** One that wants the same CPUs. */
export const NEIGHBOUR: Actor = {
  name: "batch1",
  vcpus: 2,
  memoryMib: 256,
  diskMib: [64],
  work: `${burn("1 1 2 8 9 8 2 1 1 1")}wait\n`,
};
