import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Keyboard } from "../../src/top/keyboard.ts";
import { Screen } from "../../src/top/screen.ts";

const stdout = (columns?: number, rows?: number) => {
  const written: string[] = [];
  return { written, columns, rows, write: (text: string) => void written.push(text) };
};

test("only lines that changed are sent, each frame in one write", () => {
  const out = stdout(20, 3);
  const screen = new Screen(out);
  screen.draw(["before it is entered"]);
  assert.equal(out.written.length, 0);
  screen.enter();
  screen.draw(["one", "two", "three"]);
  assert.equal(out.written.length, 2);
  assert.ok((out.written[1] ?? "").startsWith("\u001b[?2026h\u001b[2J\u001b[1;1Hone\u001b[K\u001b[2;1Htwo"));
  screen.draw(["one", "2", "three"]);
  assert.equal(out.written[2], "\u001b[?2026h\u001b[2;1H2\u001b[K\u001b[?2026l");
  screen.draw(["one", "2", "three"]);
  assert.equal(out.written.length, 3);
  screen.draw(["one"]);
  assert.equal(out.written[3], "\u001b[?2026h\u001b[2;1H\u001b[K\u001b[3;1H\u001b[K\u001b[?2026l");
  screen.forget();
  screen.draw(["one"]);
  assert.ok(out.written[4]?.includes("\u001b[2J\u001b[1;1Hone"));
});

test("a line that fills the terminal keeps its last character, painted or not", () => {
  const out = stdout(4, 2);
  const screen = new Screen(out);
  screen.enter();
  screen.draw(["\u001b[7mfull\u001b[0m", "雲雲"]);
  assert.ok(!out.written[1]?.includes("\u001b[K"));
});

test("the terminal is given back once, and its size has a default", () => {
  const out = stdout();
  const screen = new Screen(out);
  assert.deepEqual(screen.size, { width: 80, height: 24 });
  screen.enter();
  screen.enter();
  screen.leave();
  screen.leave();
  screen.draw(["after"]);
  assert.deepEqual(out.written, ["\u001b[?1049h\u001b[?25l\u001b[?7l", "\u001b[?7h\u001b[?25h\u001b[?1049l"]);
});

class Terminal extends EventEmitter {
  readonly isTTY = true;
  isRaw = false;
  isReading = false;
  setEncoding(): void {}
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }
  resume(): void {
    this.isReading = true;
  }
  pause(): void {
    this.isReading = false;
  }
}

test("keys come one by one; an Escape after a moment; nothing after the terminal was given back", async () => {
  const stdin = new Terminal();
  const keys: string[] = [];
  const keyboard = new Keyboard(stdin, (key) => keys.push(key));
  keyboard.enter();
  assert.deepEqual([stdin.isRaw, stdin.isReading], [true, true]);
  stdin.emit("data", "j\u001b");
  stdin.emit("data", "[B");
  stdin.emit("data", "\u001b");
  assert.deepEqual(keys, ["j", "down"]);
  await sleep(150);
  assert.deepEqual(keys, ["j", "down", "escape"]);
  stdin.emit("data", "\u001b");
  keyboard.leave();
  keyboard.leave();
  assert.deepEqual([stdin.isRaw, stdin.isReading, stdin.listenerCount("data")], [false, false, 0]);
  await sleep(150);
  assert.equal(keys.length, 3);
});

test("what is no terminal has no keys", () => {
  const stdin = new Terminal();
  Object.defineProperty(stdin, "isTTY", { value: undefined });
  new Keyboard(stdin, () => assert.fail("a key")).enter();
  assert.equal(stdin.listenerCount("data"), 0);
  assert.equal(stdin.isRaw, false);
});
