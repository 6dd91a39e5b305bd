import { COMMANDS } from "../../src/check/error-mends.ts";
import { AREAS, type Area } from "../../src/check/finding-kind.ts";
import { fill } from "../../src/check/finding.ts";
import { type FindingId, FINDINGS, kindOf } from "../../src/check/findings.ts";

const PREFACE = `# kvmeter check

<!-- Generated from src/check/findings.ts by npm run generate. -->

Looks at everything that the agent needs, says what is well and what is missing, and for each missing thing the command,
the line of configuration or the XML that mends it.

    kvmeter check -c /etc/kvmeter/kvmeter.yaml
    sudo -u kvmeter kvmeter check -c /etc/kvmeter/kvmeter.yaml      with the rights that the agent has
    kvmeter check --connect qemu+ssh://root@kvm7/system             another hypervisor
    kvmeter check --format json | jq '.findings[] | select(.state == "fail")'

It uses the agent's own code for everything that it judges, so that the two cannot disagree: run it as the user that the
agent runs as, in the same container. It can be run beside the agent.

| state  | means                                                                                             | exit code         |
| ------ | ------------------------------------------------------------------------------------------------- | ----------------- |
| \`ok\`   | it is well                                                                                        | 0                 |
| \`skip\` | nothing that was asked for is missing, but it could not be looked at, or there could be more      | 0                 |
| \`warn\` | something of what was asked for is missing, or soon will be                                       | 0; 1 with \`--strict\` |
| \`fail\` | what the configuration asks for cannot be read or delivered: data is lost                         | 1                 |
|        | the configuration cannot be used, and nothing else was looked at; or the command line is wrong    | 2                 |

The exit code is that of the worst state. What several VMs have alike is told once, with the first names and a count; \`--format
json\` has every VM by itself: \`{worst, counts, findings: [{area, id, state, subject, says, mend, code}]}\`, a stable
interface for scripts. \`mend\` is absent where all is well and where the message itself ends with it, as those of
kvmeter's own errors do; \`code\` is one of [errors.md](errors.md).

It changes nothing. Calls to libvirt are read-only ones, and every VM is read twice with all that any metric needs; the state directory's lock is taken for a moment, where its file is
there, and nothing is written. Each destination gets a real request with \`process.cpu.time\` and \`process.memory.usage\` of
the check's own process, under \`service.instance.id\` \`check-HOST\`; then one without any point, padded to the size of this
host's cycles (at most its \`request_limit\`), and where it is sent log records an empty request of them. All that is asked
for is waited for as long as the agent would wait, everything side by side: a hung VM or a destination in a black hole costs
its own timeout and no more.
`;

/** docs/check.md: every finding, from their table. */
export function renderCheckDoc(): string {
  const byArea = Map.groupBy(Object.keys(FINDINGS) as FindingId[], (id) => kindOf(id).area);
  const areas = (Object.keys(AREAS) as Area[]).map((area) => {
    const rows = (byArea.get(area) ?? []).map((id) => {
      const { state, looksAt, mend } = kindOf(id);
      const words = mend === undefined ? "as its message says" : code(fill(mend, {}));
      return row([code(id), state, looksAt, words]);
    });
    return `## ${AREAS[area]}\n\n${table(["finding", "otherwise", "looks at", "mend"], rows)}`;
  });
  const errors = Object.entries(COMMANDS).map(([name, command]) => row([code(name), code(command)]));
  return [
    PREFACE,
    ...areas,
    `## Errors\n\nBeside what their messages say:\n\n${table(["code", "command"], errors)}`,
  ].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(titles: readonly string[], rows: readonly string[]): string {
  return `${row(titles)}${row(titles.map(() => "---"))}${rows.join("")}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
