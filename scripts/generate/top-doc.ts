import { readFileSync } from "node:fs";

import { BINDINGS } from "../../src/top/bindings.ts";
import { sourcesOf } from "../../src/top/column.ts";
import { COLUMNS } from "../../src/top/columns.ts";

const PREFACE = `# kvmeter top

A live screen of all VMs of a host, or of several. It replaces virt-top and kvmtop, and shows what they do not: steal,
run queue, balloon memory as the guest sees it, disk latency, drops, and VMs that hang.

    kvmeter top                                      this host
    kvmeter top --connect qemu+ssh://root@kvm7/system
    kvmeter top -c /etc/kvmeter/kvmeter.yaml         the hypervisors and VMs of the agent's configuration
    kvmeter top --batch -n 3 --sort steal            three tables on standard output
    kvmeter top --csv --filter web > web.csv         a line for each VM and sample

It reads as the agent does: on the read-only socket, in bulk calls that no hung VM holds up, nothing that is not shown,
and nothing at all while it is paused. Its figures are points of the same rows as the agent's metrics; a rate is a
counter's change since the refresh before by the time between the two readings. What libvirt did not send is \`-\`, never
0. \`npm run bench -- top\` says what it costs: [benchmarks](benchmarks.md).

The head tells of each hypervisor: its VMs by state, and how many vCPUs and how much memory they were promised against
what there is (2.00x is twice as much). Where it is this machine, its kernel tells more, as it tells the agent: the
share of all CPUs' time in which they worked (neither idle nor waiting for disks), the memory in use (neither free nor
cache nor buffers), and, where the kernel counts it, pressure: the share of the last ten seconds in which some task
waited for CPU, memory or disks. Of one hypervisor that takes up to three lines, of several one each, cut at the right.

What cannot be read stands below the head, after a \`!\`; when libvirt is away the VMs stay on the screen without values,
and get them again when it is back.

Where there is no terminal, or a dumb one, it prints tables as with \`--batch\`. \`NO_COLOR\` is respected; nothing is told
by colour alone. Sparklines are ASCII where the locale is not UTF-8.
`;

const DETAIL = `## One VM

Enter opens the VM under the cursor: the VM as a whole, each vCPU, disk and vNIC, and their last 120 refreshes, which
are four minutes at the default interval. A sparkline starts at 0; that of CPU ends at 100 %, that of steal at 10 %, that
of memory at the VM's limit, all others at their own highest value. With more than 200 VMs the past of vCPUs, disks and
vNICs begins when the VM is first opened.
`;

const COLUMN_NOTES = `\`--sort\` takes a title or a name in CSV. In CSV ratios are 0..1, amounts bytes, times seconds; a first column \`time\`
and a second one \`uuid\` come before these. On a narrow terminal the less important columns are left out; the right arrow
brings them in.
`;

/** docs/top.md, from the tables of columns and keys and a picture. */
export function renderTopDoc(): string {
  const columns = COLUMNS.map((column) => {
    const sources = sourcesOf(column).map((source) => (source.includes(" ") ? source : `\`${source}\``));
    return row([column.title, `\`${column.id}\``, column.help, sources.join(", ")]);
  });
  const keys = BINDINGS.map(({ keys, help }) => row([keys.map((key) => `\`${key}\``).join(" "), help]));
  const picture = readFileSync(new URL("../../docs/pictures/top-vm.txt", import.meta.url), "utf8");
  return [
    PREFACE,
    `## Columns\n\n${COLUMN_NOTES}\n${table(["column", "in CSV", "", "source"], columns)}`,
    `${DETAIL}\n\`\`\`text\n${picture}\`\`\`\n`,
    `## Keys\n\n${table(["key", ""], keys)}`,
  ].join("\n");
}

function table(titles: readonly string[], rows: readonly string[]): string {
  return `${row(titles)}${row(titles.map(() => "---"))}${rows.join("")}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
