import assert from "node:assert/strict";

/** Fails unless all that is wanted was found, one after the other, with whatever else between. */
export function assertInOrder(found: readonly string[], wanted: readonly string[]): void {
  let from = 0;
  for (const what of wanted) {
    const at = found.indexOf(what, from);
    assert.ok(
      at >= 0,
      `${what} does not come after ${found.slice(0, from).join(", ")} in ${found.join(", ")}`,
    );
    from = at + 1;
  }
}
