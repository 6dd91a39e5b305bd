import assert from "node:assert/strict";
import { test } from "node:test";

import { renderTable, type Column } from "../../src/cli/table.ts";

const columns: readonly Column[] = [
  { title: "NAME", align: "left", maxWidth: 6 },
  { title: "CPU", align: "right" },
  { title: "EXTRA", align: "right", rank: 1 },
  { title: "MORE", align: "right", rank: 2 },
];

test("columns are aligned and long cells are cut", () => {
  assert.deepEqual(
    renderTable(columns, [
      ["雲", "1 %", "x", "y"],
      ["a-long-name", "10 %", "x"],
    ]),
    ["NAME     CPU  EXTRA  MORE", "雲       1 %      x     y", "a-lon…  10 %      x"],
  );
});

test("on a narrow terminal the least important columns go first, and no line is too long", () => {
  const rows = [["name", "10 %", "x", "y"]];
  assert.equal(renderTable(columns, rows, 20)[0], "NAME   CPU  EXTRA");
  assert.equal(renderTable(columns, rows, 12)[0], "NAME   CPU");
  assert.equal(renderTable(columns, rows, 8)[0], "NAME   …");
});

test("a table without rows has its titles", () => {
  assert.deepEqual(renderTable(columns, []), ["NAME  CPU  EXTRA  MORE"]);
});
