/**
 * The whole agent killed at random moments. A trigger in its own file notes every batch that was committed to the queue,
 * in the very transaction; whatever is noted has to be in the queue still or with the backend after each kill.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

import { type Kvmeter, startKvmeter } from "../kvmeter.ts";
import { type Backend, fingerprint, startBackend } from "./moody-backend.ts";

const FILE = "kvmeter.db";

/** A start takes about half a second: what a life does with its queue is within this. */
const LONGEST_LIFE_MS = 1500;

/** A life that does not come to what it is to be killed at is a failure of the test, not of the queue. */
const PATIENCE_MS = 20_000;

/** When a life ends: at any time, its start included; while a request is under way; while the file is written to. */
const AIMS = ["any", "send", "write"] as const;

/** What the kills hit. */
export interface KillReport {
  readonly kills: number;
  /** Batches that were ever committed to the queue. */
  readonly committed: number;
  readonly received: number;
  /** Kills that left batches in the queue. */
  readonly withQueue: number;
  /** Kills with a request on its way. */
  readonly duringSend: number;
  /** Kills after the backend had a batch and before the file knew it. */
  readonly beforeAcknowledge: number;
}

interface Victim {
  readonly directory: string;
  readonly configuration: string;
  readonly backend: Backend;
  /** Committed batches by the number of their commit. */
  readonly committed: Map<number, string>;
}

/** Kills an agent so many times, starts it again each time, and lets the last one send what is left. */
export async function killAgents(kills: number, uri: string): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-kills-"));
  const backend = await startBackend();
  const victim: Victim = {
    directory: join(folder, "state"),
    configuration: join(folder, "kvmeter.yaml"),
    backend,
    committed: new Map(),
  };
  writeFileSync(victim.configuration, configurationText(uri, backend.endpoint));
  try {
    await makeFile(victim);
    const report = { kills, withQueue: 0, duringSend: 0, beforeAcknowledge: 0 };
    for (let kill = 0; kill < kills; kill += 1) {
      const { duringSend, queued } = await liveAndDie(victim, AIMS[kill % AIMS.length] ?? "any");
      if (queued.length > 0) report.withQueue += 1;
      if (duringSend) report.duringSend += 1;
      if (queued.some((batch) => backend.received.has(batch))) report.beforeAcknowledge += 1;
    }
    await sendTheRest(victim);
    return { ...report, committed: victim.committed.size, received: backend.received.size };
  } finally {
    await backend.close();
    rmSync(folder, { recursive: true });
  }
}

function configurationText(uri: string, endpoint: string): string {
  return `
libvirt: [{ uri: "${uri}", timeout: 60s }]
interval: 100ms
state_directory: state
log: { level: info, format: json }
export: [{ preset: collector, signals: [metrics], protocol: http/protobuf, endpoint: "${endpoint}", compression: gzip, order: oldest-first }]
`;
}

/** The agent makes its file; the notes are added to it. */
async function makeFile({ directory, configuration, backend }: Victim): Promise<void> {
  const agent = startKvmeter(["run", "-c", configuration]);
  await backend.request(1);
  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  const database = new DatabaseSync(join(directory, FILE));
  database.exec(`
    CREATE TABLE committed (number INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
    CREATE TRIGGER note AFTER INSERT ON batch BEGIN INSERT INTO committed (body) VALUES (NEW.body); END;
  `);
  database.close();
}

async function liveAndDie(
  victim: Victim,
  aim: (typeof AIMS)[number],
): Promise<{ duringSend: boolean; queued: string[] }> {
  const agent = startKvmeter(["run", "-c", victim.configuration]);
  await Promise.race([momentOf(aim, victim), died(agent)]);
  const duringSend = victim.backend.underWay > 0;
  agent.process.kill("SIGKILL");
  const { stderr, signal } = await agent.ended;
  assert.equal(signal, "SIGKILL", stderr);
  assertCalm(stderr);
  return { duringSend, queued: look(victim) };
}

async function died({ ended }: Kvmeter): Promise<never> {
  const { code, signal, stderr } = await ended;
  if (signal !== "SIGKILL") throw new Error(`the agent ended by itself with ${code}: ${stderr}`);
  return new Promise(() => {});
}

/** Nothing is worth a warning but the backend's moods and, on a busy machine, a source that is late. */
function assertCalm(stderr: string): void {
  const lines = stderr.split("\n").slice(0, -1);
  const complaints = lines.filter((line) => !/"level":"info"|HTTP 503|"source":/.test(line));
  assert.deepEqual(complaints, []);
}

async function momentOf(aim: (typeof AIMS)[number], { directory, backend }: Victim): Promise<void> {
  if (aim === "any") {
    await sleep(Math.random() * LONGEST_LIFE_MS);
    return;
  }
  const number = 1 + Math.floor(Math.random() * 6);
  if (aim === "send") await backend.request(number);
  else await writes(directory, number);
  if (Math.random() > 0.3) await sleep(Math.random() * 15);
}

/** Resolves when so many changes of the file's log have been seen. */
async function writes(directory: string, count: number): Promise<void> {
  const watcher = watch(directory, { signal: AbortSignal.timeout(PATIENCE_MS) });
  try {
    for (let left = count; left > 0;) {
      const [, file] = (await once(watcher, "change")) as [string, string];
      if (file === `${FILE}-wal`) left -= 1;
    }
  } finally {
    watcher.close();
  }
}

/**
 * What the dead agent left in its queue. A copy is looked at: opening the file would do for the next agent what it has
 * to do itself.
 */
function look({ directory, backend, committed }: Victim): string[] {
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.includes("corrupt")),
    [],
  );
  const copy = mkdtempSync(join(tmpdir(), "kvmeter-look-"));
  try {
    for (const name of [FILE, `${FILE}-wal`]) {
      if (existsSync(join(directory, name))) copyFileSync(join(directory, name), join(copy, name));
    }
    const database = new DatabaseSync(join(copy, FILE));
    assert.equal(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
    const after = Math.max(0, ...committed.keys());
    for (const { number, body } of database
      .prepare("SELECT * FROM committed WHERE number > ?")
      .iterate(after)) {
      committed.set(Number(number), fingerprint(body as Uint8Array));
    }
    const queued = database.prepare("SELECT body FROM batch ORDER BY id").all();
    database.close();
    const left = queued.map(({ body }) => fingerprint(body as Uint8Array));
    assert.deepEqual(missing(committed, new Set([...backend.received, ...left])), []);
    return left;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

async function sendTheRest(victim: Victim): Promise<void> {
  const { backend, committed, configuration } = victim;
  backend.isCalm = true;
  const agent = startKvmeter(["run", "-c", configuration]);
  for (let waitedMs = 0; missing(committed, backend.received).length > 0; waitedMs += 100) {
    assert.ok(
      waitedMs < PATIENCE_MS,
      `committed and never sent: ${missing(committed, backend.received).length}`,
    );
    await sleep(100);
  }
  const { code, stderr } = await agent.stop();
  assert.equal(code, 0, stderr);
  assert.deepEqual(look(victim), [], "the last one sends everything");
  assert.deepEqual(missing(committed, backend.received), []);
  const numbers = new Map(Array.from(committed, ([number, batch]) => [batch, number]));
  const order = Array.from(backend.received, (batch) => numbers.get(batch)).filter(
    (number) => number !== undefined,
  );
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    "in order, but for what is sent a second time",
  );
}

/** Numbers of the commits that are not there. */
function missing(committed: ReadonlyMap<number, string>, there: ReadonlySet<string>): number[] {
  return Array.from(committed)
    .filter(([, batch]) => !there.has(batch))
    .map(([number]) => number);
}
