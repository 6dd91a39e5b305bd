import { formatDuration } from "../config/units.ts";
import { keepHeapSmall } from "../heap.ts";
import { UNIT_NAMES } from "../top/quantities.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { AGENT_FLAGS, countFlag, helpOf, parseFlags, refuse } from "./flags.ts";
import { loadSettings } from "./settings.ts";

export const SYNTAX = {
  usage: "kvmeter top [options]",
  about: `A live screen of all VMs, from the same readings as what the agent sends: read-only, and
without anything asked of libvirt that is not shown. ? shows the keys and the columns.
Where there is no terminal it prints one table after the other.`,
  flags: {
    ...AGENT_FLAGS,
    interval: { value: "DURATION", default: "2s", help: "Time from one refresh to the next." },
    batch: { short: "b", help: "Print tables instead of a live screen." },
    count: { value: "N", short: "n", help: "How many of them; until SIGINT or SIGTERM unless given." },
    format: { value: "FORMAT", choices: ["table", "csv"], default: "table", help: "csv is for scripts." },
    csv: { help: "The same as --batch --format csv." },
    sort: { value: "COLUMN", default: "cpu%", help: "By its title or its name in CSV." },
    reverse: { help: "Sort the other way round." },
    filter: {
      value: "TEXT",
      default: "",
      help: "Words that are in a VM's name, uuid, state or host; * and ? too.",
    },
    units: { value: "UNITS", choices: UNIT_NAMES, default: "binary", help: "How amounts are shown." },
  },
  examples: {
    "kvmeter top": "This host.",
    "kvmeter top --connect qemu+ssh://root@kvm7/system": "Another one.",
    "kvmeter top --batch -n 3 --sort steal": "Three tables, who is stolen from first.",
    "kvmeter top --csv --filter web --interval 10s > web.csv": "For a spreadsheet.",
  },
} as const satisfies Parameters<typeof helpOf>[0];

const MAX_COUNT = 1_000_000_000;

/** `kvmeter top`. Exit code 1 when nothing could be read in any sample of a batch. */
export async function run(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const values = parseFlags(args, SYNTAX);
  const { stdout, stderr, env } = context;
  if (values === undefined) {
    stdout.write(helpOf(SYNTAX));
    return 0;
  }
  keepHeapSmall();
  const count =
    values.count === undefined
      ? undefined
      : countFlag("count", values.count, { min: 1, max: MAX_COUNT, syntax: SYNTAX });
  const { configuration } = loadSettings(values, context, SYNTAX);
  const [{ COLUMNS }, { FIRST_VIEW }, { isDumb }, { TopFeed }, { createLogger }] = await Promise.all([
    import("../top/columns.ts"),
    import("../top/view.ts"),
    import("../top/paint.ts"),
    import("../top/feed.ts"),
    import("../log.ts"),
  ]);
  const wanted = values.sort.toLowerCase();
  const sort = COLUMNS.find(({ id, title }) => id === wanted || title.toLowerCase() === wanted);
  if (sort === undefined) {
    const names = COLUMNS.map(({ title }) => title.toLowerCase()).join(", ");
    return refuse(`--sort must be one of ${names}: current value is "${values.sort}"`, SYNTAX);
  }
  const units = UNIT_NAMES.find((name) => name === values.units) ?? FIRST_VIEW.units;
  const view = { ...FIRST_VIEW, sort: sort.id, isReversed: values.reverse, filter: values.filter, units };

  const isBatch = values.batch || values.csv || count !== undefined || values.format === "csv";
  const isLive = !isBatch && stdout.isTTY === true && !isDumb(env);
  // What is wrong stands on the live screen; lines would go across it.
  const stream = isLive ? { write: () => undefined } : stderr;
  const { secrets, intervalMs } = configuration;
  const log = await createLogger({ ...configuration.log, level: "warn", stream, secrets });
  const feed = new TopFeed(configuration, log);
  const options = { feed, intervalText: formatDuration(intervalMs), view };
  try {
    if (isLive) {
      const { runLive } = await import("../top/live.ts");
      await runLive(options, context);
      return 0;
    }
    const { runBatch } = await import("../top/batch.ts");
    const format = values.csv || values.format === "csv" ? "csv" : "table";
    const good = await runBatch({ ...options, format, count }, context);
    return good > 0 || context.signal.aborted ? 0 : 1;
  } finally {
    await feed.close();
  }
}
