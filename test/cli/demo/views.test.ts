import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";

import { Arrivals } from "../../../src/cli/demo/arrivals.ts";
import { linesView } from "../../../src/cli/demo/lines.ts";
import { frameLines, screenView } from "../../../src/cli/demo/screen.ts";
import { textWidth } from "../../../src/cli/text.ts";
import { RECEIVED_AGENT, receivedDomain, REQUEST } from "./received.ts";

function arrived(count: number): Arrivals {
  const arrivals = new Arrivals();
  for (const timeS of [1, 3]) {
    const domains = Array.from({ length: count }, (_, index) =>
      receivedDomain({
        uuid: `vm-${index}`,
        name: `vm-${index} with a name that is long`,
        timeS,
        read: timeS * 1024,
      }),
    );
    arrivals.take([...domains, RECEIVED_AGENT], REQUEST);
  }
  return arrivals;
}

class Terminal extends EventEmitter {
  isTTY = true;
  columns = 80;
  rows = 24;
  text = "";
  write(text: string): void {
    this.text += text;
  }
}

test("lines: one for each change and each domain, without what is not known", () => {
  const stdout = new Terminal();
  const stderr = new Terminal();
  const view = linesView(stdout, stderr);
  view.update(arrived(2), [{ domain: "vm-1\u001b[2J", what: "has appeared" }]);
  view.log("a warning\n");
  view.close();
  const lines = stdout.text.split("\n");
  assert.match(lines[0] ?? "", /^\d\d:\d\d:\d\d vm-1\ufffd\[2J has appeared$/);
  assert.match(
    lines[1] ?? "",
    /^\d\d:\d\d:\d\d vm-0 with a name that is long {2}running disk read 1\.00 KiB\/s written 0 B\/s$/,
  );
  assert.equal(lines.length, 4);
  assert.equal(stderr.text, "a warning\n");
});

test("a frame is never wider nor higher than the terminal", () => {
  for (const [columns, rows] of [
    [80, 24],
    [40, 10],
    [200, 50],
    [20, 5],
  ] as const) {
    const lines = frameLines(arrived(30), ["10:00:00 news"], { columns, rows });
    assert.ok(lines.length <= rows, `${lines.length} lines in ${rows}`);
    for (const line of lines) assert.ok(textWidth(line) <= columns, line);
  }
  const lines = frameLines(arrived(30), [], { columns: 80, rows: 24 });
  assert.match(lines[0] ?? "", /^kvmeter demo \(Ctrl-C ends\): 2 cycles/);
  assert.match(lines[2] ?? "", /^DOMAIN +STATE +CPU +MEMORY.* READ\/s +WRITE\/s/);
  assert.match(lines[3] ?? "", /^vm-0 with .* running .* 1\.00 KiB/);
  assert.match(lines.join("\n"), /^… and 14 more$/m);
});

test("a terminal that does not know how large it is, as a serial console, is taken for one of 80 by 24", () => {
  const stdout = new Terminal();
  Object.assign(stdout, { columns: 0, rows: 0 });
  const view = screenView(stdout);
  view.update(arrived(1), []);
  view.close();
  assert.match(stdout.text, /\r\nvm-0 with .* running /);
});

test("the screen is redrawn when a cycle arrives and when its size changes, and is given back", () => {
  const stdout = new Terminal();
  const view = screenView(stdout);
  assert.ok(stdout.text.startsWith("\u001b[?1049h\u001b[?25l"));
  view.log("a warning\n");
  view.update(arrived(1), [{ domain: "vm-0", what: "has appeared" }]);
  assert.match(stdout.text, /vm-0 with .*a warning.*vm-0 has appeared/s);
  stdout.text = "";
  stdout.columns = 30;
  stdout.emit("resize");
  assert.ok(stdout.text.startsWith("\u001b[Hkvmeter demo"));
  stdout.text = "";
  view.close();
  view.close();
  assert.equal(stdout.text, "\u001b[?25h\u001b[?1049l");
  stdout.emit("resize");
  view.update(arrived(1), []);
  assert.equal(stdout.text, "\u001b[?25h\u001b[?1049l");
  assert.equal(stdout.listenerCount("resize"), 0);
});
