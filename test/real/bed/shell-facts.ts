import { run } from "./processes.ts";

/** Reads a process with a few lines of shell, ps and awk, and nothing of kvmeter's: a name and a number in each line. */
const SCRIPT = String.raw`
p=$1; s=/proc/$p/status
set -- $(ps -o rss=,vsz=,nlwp=,min_flt=,maj_flt= -p $p)
echo residentBytes $(($1*1024)); echo virtualBytes $(($2*1024)); echo threads $3; echo minorFaults $4; echo majorFaults $5
awk '/^VmSwap/ {printf "swapBytes %.0f\n", $2*1024} /^RssFile/ {s+=$2} /^RssShmem/ {printf "sharedBytes %.0f\n", (s+$2)*1024}
  /^voluntary/ {print "voluntarySwitches", $2} /^nonvoluntary/ {print "involuntarySwitches", $2}' $s
awk '/^read_bytes/ {print "readBytes", $2} /^write_bytes/ {print "writtenBytes", $2}' /proc/$p/io
echo fileDescriptors $(ls /proc/$p/fd | wc -l)
sed 's/.*) //' /proc/$p/stat | awk '{printf "userNs %.0f\nsystemNs %.0f\n", $12*10000000, $13*10000000}'
for t in /proc/$p/task/*; do
  read name < $t/comm
  case $name in "CPU "*) awk '{print $2}' $t/schedstat;; esac
done | awk '{w+=$1} END {printf "vcpuWaitNs %.0f\n", w}'
awk '{for (i=1; i<=NF; i++) {if (split($i,a,"=")==2 && a[1] ~ /^N[0-9]+$/) n[a[1]]+=a[2]*k($0)}}
  function k(l) {match(l, /kernelpagesize_kB=[0-9]+/); return substr(l, RSTART+18, RLENGTH-18)*1024}
  END {for (i in n) printf "numa%s %.0f\n", i, n[i]}' /proc/$p/numa_maps
g=$(sed -n 's/^0:://p' /proc/$p/cgroup | sed 's#/emulator$##')
m=$(awk '$0 ~ / - cgroup2 / {print $5}' /proc/self/mountinfo | tail -1)
[ -n "$m" ] && [ "$g" != / ] && awk '/^user_usec/ {printf "cgroupUserNs %.0f\n", $2*1000} /^system_usec/ {printf "cgroupSystemNs %.0f\n", $2*1000}' "$m$g/cpu.stat" 2>/dev/null
[ -n "$m" ] && [ "$g" != / ] && sed -n 's/^some .*total=/cpuSomeUs /p' "$m$g/cpu.pressure" 2>/dev/null
g=$(sed -n 's/^[0-9]*:memory://p' /proc/$p/cgroup)
m=$(awk '$0 ~ / - cgroup / && $NF ~ /memory/ {print $5}' /proc/self/mountinfo | tail -1)
[ -n "$m" ] && [ -n "$g" ] && [ "$g" != / ] && echo cgroupUsedBytes $(cat "$m$g/memory.usage_in_bytes")
exit 0
`;

/** What the kernel's files and ps say of a process, by kvmeter's names of the fields. */
export async function shellFacts(pid: number): Promise<ReadonlyMap<string, number>> {
  const printed = await run("/bin/sh", ["-c", SCRIPT, "sh", String(pid)]);
  return new Map(
    printed
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" "))
      .map(([name = "", value]) => [name, Number(value)]),
  );
}
