import assert from "node:assert/strict";
import { test } from "node:test";

import { KeyOrders } from "../../src/metrics/key-orders.ts";

test("objects with the same keys in the same order have the same order", () => {
  const orders = new KeyOrders((key) => key.toUpperCase());
  const order = orders.match({ a: 1, b: 2 });
  assert.deepEqual(order, { keys: ["a", "b"], meanings: ["A", "B"] });
  assert.equal(orders.match({ a: 3, b: undefined }), order);
  assert.equal(orders.recent, order);
});

test("fewer keys, more and the same in another order are another order, and the first is known again", () => {
  const orders = new KeyOrders((key) => key);
  const order = orders.match({ a: 1, b: 2 });
  for (const other of [{ a: 1 }, { a: 1, b: 2, c: 3 }, { b: 2, a: 1 }, {}]) {
    assert.deepEqual(orders.match(other).keys, Object.keys(other));
    assert.notEqual(orders.recent, order);
    assert.equal(orders.match({ a: 1, b: 2 }), order);
  }
});
