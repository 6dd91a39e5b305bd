/**
 * How fast each CPU runs at the moment: /proc/cpuinfo where it says so, which is on x86, else
 * /sys/devices/system/cpu/cpu<n>/cpufreq/scaling_cur_freq.
 * https://docs.kernel.org/admin-guide/pm/cpufreq.html#policy-interface-in-sysfs
 *
 *     processor	: 0
 *     cpu MHz		: 2899.998
 *
 * MHz with three decimals; kHz in sysfs. One file for all CPUs is much cheaper than one for each. A virtual machine
 * has no cpufreq.
 */
import { type Integer } from "../integer.ts";
import { field, type HostItem, type HostReader, type HostReadContext, item } from "./host-reader.ts";
import { readKernelFile } from "./kernel-file.ts";
import { parseCount, parseFixed } from "./numbers.ts";
import { forEachOf, listNumbered, readSlowCount } from "./sysfs-value.ts";

/** Some 1,600 bytes for each CPU. */
const LIMIT_BYTES = 16_777_216;
const KHZ_DIGITS = 3;

/** The CPUs' frequencies. */
export const cpuFrequency = {
  name: "frequency",
  file: "{procfs}/cpuinfo",
  needs: "an x86 CPU, or a driver of cpufreq",
  scopes: {
    hostFrequency: {
      group: "frequency",
      fields: { frequencyKHz: field("/proc/cpuinfo cpu MHz, /sys/…/cpufreq/scaling_cur_freq", "kHz") },
    },
  },
  async read(context) {
    const cpus = await readCpuinfo(context);
    const found = cpus.length > 0 ? cpus : await readCpufreq(context);
    return found.length === 0 ? undefined : { hostFrequency: found };
  },
} as const satisfies HostReader;

/** Only its lines of interest are looked for: with 128 CPUs it is 200 kB, of which these are 4. */
async function readCpuinfo({ procfs, onFault }: HostReadContext): Promise<HostItem[]> {
  const path = `${procfs}/cpuinfo`;
  const text = (await readKernelFile(path, LIMIT_BYTES)) ?? "";
  const cpus: HostItem[] = [];
  let number: Integer | undefined;
  let isSound = true;
  for (const match of text.matchAll(/^(processor|cpu MHz)\s*: (.*)\n/gm)) {
    const [, name, value = ""] = match;
    if (name === "processor") {
      number = parseCount(value);
      continue;
    }
    const frequencyKHz = parseFixed(value, KHZ_DIGITS);
    if (number === undefined || frequencyKHz === undefined) {
      if (isSound) onFault({ file: path, line: lineOf(text, match.index), what: "not a CPU's frequency" });
      isSound = false;
    } else cpus.push(item([Number(number)], { frequencyKHz }));
    number = undefined;
  }
  return cpus;
}

async function readCpufreq({ sysfs, onFault }: HostReadContext): Promise<HostItem[]> {
  const folder = `${sysfs}/devices/system/cpu`;
  const cpus: HostItem[] = [];
  await forEachOf(listNumbered(folder, "cpu") ?? [], async (number) => {
    const frequencyKHz = await readSlowCount(`${folder}/cpu${number}/cpufreq/scaling_cur_freq`, { onFault });
    if (frequencyKHz !== undefined) cpus.push(item([number], { frequencyKHz }));
  });
  return cpus.toSorted((a, b) => Number(a.path[0]) - Number(b.path[0]));
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
