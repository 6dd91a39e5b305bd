import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

import { afterwards, temporaryDirectory } from "./helpers.ts";

const CHILD = fileURLToPath(new URL("killed-child.ts", import.meta.url));

/** Numbers that one run may use: more cycles than it lives for. */
const NUMBERS = 100_000;

const LONGEST_LIFE_MS = 60;

interface Books {
  /** Cycles that a run said were stored. */
  readonly stored: Set<number>;
  /** Cycles in the order in which the backend took them. */
  readonly received: number[];
  readonly complaints: string[];
}

/**
 * Kills a process with a queue so many times, each at a random moment while it appends, sends and acknowledges, and
 * lets the last one finish. Everything that any of them said was stored must have arrived, in order.
 */
export async function runKills(kills: number): Promise<Books> {
  const directory = temporaryDirectory();
  const books: Books = { stored: new Set(), received: [], complaints: [] };
  const endpoint = await startBackend(books);
  for (let run = 1; run <= kills; run += 1) {
    const child = spawn(process.execPath, [
      CHILD,
      directory,
      endpoint,
      String(run * NUMBERS),
      String(NUMBERS),
    ]);
    const alive = follow(child, books);
    await alive.first;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE_MS));
    child.kill("SIGKILL");
    await alive.end;
  }
  const last = spawn(process.execPath, [CHILD, directory, endpoint, String((kills + 1) * NUMBERS), "5"]);
  await follow(last, books).end;
  assert.deepEqual(books.complaints, []);
  assert.equal(last.exitCode, 0);
  const received = new Set(books.received);
  const missing = [...books.stored].filter((number) => !received.has(number));
  assert.deepEqual(missing, [], "stored and never sent");
  assertInOrder(books.received);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.includes("corrupt")),
    [],
  );
  return books;
}

/** In order but for what was sent and not acknowledged when the process died: that is sent again, and goes on from there. */
function assertInOrder(received: readonly number[]): void {
  const firsts = received.filter((number, index) => received.indexOf(number) === index);
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
  );
}

/** A backend that is away for a while now and then, so that there is a backlog to lose. */
async function startBackend(books: Books): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (Math.floor(performance.now() / 50) % 3 === 0) {
        response.writeHead(503).end();
        return;
      }
      books.received.push(gunzipSync(Buffer.concat(chunks)).readUInt32BE(0));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
}

/** Keeps the books of what a process says; `first` when it has stored something, `end` when it is gone. */
function follow(child: ChildProcess, books: Books): { first: Promise<void>; end: Promise<void> } {
  const first = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const lastStored = Math.max(0, ...books.stored);
  assert.ok(child.stdout !== null && child.stderr !== null);
  child.stderr.on("data", (chunk: Buffer) => books.complaints.push(chunk.toString()));
  createInterface(child.stdout).on("line", (line) => {
    const [word, ...rest] = line.split(" ");
    const number = Number(rest[0]);
    if (word === "stored") {
      books.stored.add(number);
      first.resolve();
    } else if (word === "state" && number < lastStored) {
      books.complaints.push(`the state is that of cycle ${number}, stored was ${lastStored}`);
    } else if (word === "warn" && !/HTTP 503/.test(line)) {
      books.complaints.push(line);
    }
  });
  child.on("close", () => {
    first.resolve();
    end.resolve();
  });
  return { first: first.promise, end: end.promise };
}
