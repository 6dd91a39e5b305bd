import { setTimeout as sleep } from "node:timers/promises";

import { systemClock } from "../src/clock.ts";
import { requiredGroups, unusedScopes } from "../src/metrics/selection.ts";
import { HypervisorSource } from "../src/readings/hypervisor-source.ts";
import { frameOf } from "../src/top/frame.ts";
import { TOP_ROWS, TopModel } from "../src/top/model.ts";
import { painterFor } from "../src/top/paint.ts";
import { Screen } from "../src/top/screen.ts";
import { FIRST_VIEW, moved } from "../src/top/view.ts";
import { startHypervisor } from "./children.ts";
import { type BenchResult, median, printResult } from "./result.ts";

const DOMAINS = 1000;
const WARM_UP_ROUNDS = 10;
const ROUNDS = 21;
const SIZE = { columns: 160, rows: 50 } as const;
const PAUSE_MS = 60;

/** What one refresh of the screen costs. */
interface Refresh {
  readonly readMs: number;
  readonly figuresMs: number;
  readonly drawMs: number;
  readonly keyMs: number;
  readonly bytes: number;
}

/** The live screen with 1,000 domains on a large terminal, against a simulated hypervisor in a process of its own. */
export async function run(): Promise<BenchResult> {
  const hypervisor = await startHypervisor(DOMAINS);
  try {
    const refresh = liveScreen(hypervisor.address);
    const all: Refresh[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
      const measured = await refresh();
      if (round >= WARM_UP_ROUNDS) all.push(measured);
      await sleep(PAUSE_MS);
    }
    const of = (value: (refresh: Refresh) => number): number => median(all.map(value));
    return {
      name: `kvmeter top: a refresh of the screen with ${DOMAINS.toLocaleString("en")} domains`,
      method:
        `CPU, user and system of all threads, the garbage collector's included; median of ${ROUNDS} refreshes after ` +
        `${WARM_UP_ROUNDS}, sorted by CPU, on ${SIZE.columns} x ${SIZE.rows} characters. A refresh makes points of a ` +
        `reading, figures and the past of points, and draws what changed; the reading is what the agent's costs.`,
      rows: [
        { label: "refresh", value: of(({ figuresMs, drawMs }) => figuresMs + drawMs), unit: "ms" },
        { label: "of it points and figures", value: of(({ figuresMs }) => figuresMs), unit: "ms" },
        { label: "of it sorting and drawing", value: of(({ drawMs }) => drawMs), unit: "ms" },
        { label: "sent to the terminal", value: of(({ bytes }) => bytes) / 1000, unit: "kB" },
        { label: "a key: the cursor one line down", value: of(({ keyMs }) => keyMs), unit: "ms" },
        { label: "reading the domains, before that", value: of(({ readMs }) => readMs), unit: "ms" },
      ],
    };
  } finally {
    await hypervisor.stop();
  }
}

function liveScreen(uri: string): () => Promise<Refresh> {
  const source = new HypervisorSource({
    uri,
    timeoutMs: 10_000,
    groups: requiredGroups(TOP_ROWS.domain, TOP_ROWS.hypervisor),
    unusedScopes: unusedScopes(TOP_ROWS.domain),
    wanted: () => true,
    clock: systemClock,
  });
  const model = new TopModel();
  let bytes = 0;
  const screen = new Screen({ ...SIZE, write: (text) => (bytes += Buffer.byteLength(text)) });
  screen.enter();
  const canvas = { ...screen.size, paint: painterFor("colours"), alphabet: "unicode" as const };
  const draw = (view: typeof FIRST_VIEW) => {
    const frame = frameOf({ model, view, time: new Date().toISOString(), intervalText: "2s" }, canvas);
    screen.draw(frame.lines);
    return frame;
  };
  const { signal } = new AbortController();
  return async () => {
    const marks = [process.cpuUsage()];
    const mark = (): unknown => marks.push(process.cpuUsage());
    const reading = await source.read(signal);
    if (reading.problems[0] !== undefined) throw reading.problems[0];
    mark();
    const connections = source.connection === undefined ? [] : [source.connection];
    model.update({
      outcomes: [{ source: uri, state: "ok", durationS: 0, reading, error: undefined }],
      connections,
    });
    mark();
    bytes = 0;
    const { keys } = draw(FIRST_VIEW);
    const sent = bytes;
    mark();
    draw(moved(FIRST_VIEW, keys.rows, 1));
    mark();
    const cpuMs = marks.map(({ user, system }) => (user + system) / 1000);
    const stage = (number: number): number => (cpuMs[number + 1] ?? 0) - (cpuMs[number] ?? 0);
    return { readMs: stage(0), figuresMs: stage(1), drawMs: stage(2), keyMs: stage(3), bytes: sent };
  };
}

if (import.meta.main) {
  printResult(await run());
  process.exit();
}
