import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BINDINGS, pressed } from "../../src/top/bindings.ts";
import { KeyDecoder } from "../../src/top/key-decoder.ts";
import { FIRST_VIEW, rowsOf, type View } from "../../src/top/view.ts";
import { canvas, frame, LOADS, modelOf } from "./scenes.ts";

const model = modelOf(LOADS);

/** What keys make of a view. */
function after(keys: readonly string[], start: Partial<View> = {}, width = 80): View {
  let view: View = { ...FIRST_VIEW, ...start };
  for (const key of keys) {
    const effect = pressed(view, key, frame(model, view, canvas(width, 10)).keys);
    assert.ok(typeof effect === "object", `${key} is no change of the view`);
    view = effect;
  }
  return view;
}

function names(view: View): string[] {
  return rowsOf(model.domains, view).map(({ name }) => name);
}

function under(view: View): string | undefined {
  return model.domains.find(({ key }) => key === view.cursor)?.name;
}

function titles(view: View): string {
  return frame(model, view).lines.find((line) => line.includes("NAME")) ?? "";
}

describe("the table", () => {
  test("sorts by CPU first, the highest on top, and by what has no value last", () => {
    assert.equal(names(FIRST_VIEW)[0], "web10");
    assert.equal(names(FIRST_VIEW).at(-1), "off");
    assert.equal(names(after(["r"])).at(-1), "off");
    assert.equal(names(after(["r"]))[0], "no-balloon-driver");
  });

  test("sorts by a column's key, and the other way round by the same key again", () => {
    assert.deepEqual(names(after(["N"])).slice(-3), ["web1", "web2", "web10"]);
    assert.equal(names(after(["N", "N"]))[0], "web10");
    assert.equal(names(after(["L"]))[0], "web2");
    assert.equal(after(["H"]).sort, "health");
    assert.match(names(after(["H"]))[0] ?? "", /^db/);
  });

  test("goes from column to column, around the ends too", () => {
    assert.equal(after([">"]).sort, "steal_ratio");
    assert.equal(after(["<"]).sort, "vcpus");
    assert.equal(after(["<"], { sort: "name" }).sort, "health");
    assert.equal(after([">"], { sort: "health" }).sort, "name");
  });

  test("the cursor stays on its VM, within the table", () => {
    assert.equal(under(after(["down"])), "web2");
    assert.equal(under(after(["down", "N", "r"])), "web2");
    assert.equal(under(after(["up"])), "web10");
    assert.equal(under(after(["end"])), "off");
    assert.equal(under(after(["end", "down", "home"])), "web10");
    assert.equal(under(after(["pagedown", "pagedown", "pagedown"])), "off");
  });

  test("columns that did not fit come into sight, as far as there are any", () => {
    assert.doesNotMatch(titles(FIRST_VIEW), /UPTIME/);
    const shifted = after(Array.from({ length: 40 }, () => "right"));
    assert.match(titles(shifted), /NAME .* STATE .*CPU%.* ERRS UPTIME HEALTH/);
    assert.equal(after(["left"], shifted).shift, shifted.shift - 1);
    assert.equal(after(["right"], {}, 200).shift, 0);
  });
});

describe("the filter", () => {
  test("works while it is typed, and stays or goes", () => {
    const typing = after(["/", "W", "E", "B", "1"]);
    assert.deepEqual(names(typing), ["web10", "web1"]);
    assert.deepEqual(names(after(["backspace", "2"], typing)), ["web2"]);
    const kept = after(["enter"], typing);
    assert.equal(kept.filter, "WEB1");
    assert.equal(kept.typing, undefined);
    assert.equal(names(after(["escape"], typing)).length, LOADS.length);
    assert.equal(names(after(["escape"], kept)).length, LOADS.length);
  });

  test("has words, states and patterns; keys with a meaning are only letters in it", () => {
    assert.deepEqual(names(after(["/", "p", "a", "u", "s"])).length, 1);
    assert.deepEqual(names(after(["/", "w", "?", "b", "*", "0"])), ["web10"]);
    assert.deepEqual(names(after(["/", "w", "e", "b", "space", "k", "v", "m", "7"])).length, 3);
    assert.deepEqual(names(after(["/", "q"])), []);
    assert.equal(pressed(after(["/"]), "ctrl-c", frame(model).keys), "quit");
  });
});

describe("pages", () => {
  test("Enter opens the VM under the cursor, q and Escape leave it, q leaves the table", () => {
    const open = after(["down", "enter"]);
    assert.equal(open.page, "domain");
    assert.match(frame(model, open).lines[1] ?? "", /^web2 /);
    assert.equal(after(["escape"], open).page, "table");
    assert.equal(after(["q"], open).page, "table");
    assert.equal(pressed(FIRST_VIEW, "q", frame(model).keys), "quit");
    assert.equal(pressed(open, "ctrl-c", frame(model, open).keys), "quit");
  });

  test("the help names every key and is scrolled to its end and no further", () => {
    const help = after(["?", "end"]);
    assert.ok(help.scroll > 0);
    assert.equal(after(["down"], help).scroll, help.scroll);
    const text = frame(model, { page: "help" }, canvas(80, 200)).lines.join("\n");
    for (const { keys } of BINDINGS) assert.ok(text.includes(keys.join(" ")), keys.join(" "));
    assert.equal(after(["?"], help).page, "table");
  });

  test("pause and units", () => {
    assert.equal(after(["space"]).isPaused, true);
    assert.equal(after(["p", "space"]).isPaused, false);
    assert.match(frame(model, after(["p"])).lines[0] ?? "", /PAUSED/);
    assert.deepEqual(
      [after(["u"]).units, after(["u", "u"]).units, after(["u", "u", "u"]).units],
      ["decimal", "bits", "binary"],
    );
    assert.match(frame(model, after(["u", "u"])).lines.join("\n"), /web1 .* 16\.0M +8\.00K/);
  });

  test("a key without a meaning changes nothing", () => {
    assert.equal(pressed(FIRST_VIEW, "€", frame(model).keys), FIRST_VIEW);
  });
});

function decode(...pieces: readonly string[]): string[] {
  const decoder = new KeyDecoder();
  return [...pieces.flatMap((piece) => decoder.feed(piece)), ...decoder.flush()];
}

describe("keys", () => {
  test("come out of control sequences, however they are cut", () => {
    const bytes = "a\u001b[A\u001bOB\u001b[5~\r\u007f é雲\u0003\u001b[1;5C\u001b[Zq";
    const keys = ["a", "up", "down", "pageup", "enter", "backspace", "space", "é", "雲", "ctrl-c", "q"];
    assert.deepEqual(decode(bytes), keys);
    assert.deepEqual(decode(...Array.from(bytes)), keys);
    for (let at = 1; at < bytes.length; at++) {
      assert.deepEqual(decode(bytes.slice(0, at), bytes.slice(at)), keys, `cut at ${at}`);
    }
  });

  test("an Escape alone is one only when nothing follows", () => {
    const decoder = new KeyDecoder();
    assert.deepEqual(decoder.feed("\u001b"), []);
    assert.equal(decoder.isPending, true);
    assert.deepEqual(decoder.flush(), ["escape"]);
    assert.equal(decoder.isPending, false);
    assert.deepEqual(decoder.feed("\u001bq"), ["escape", "q"]);
  });
});
