/**
 * A test of names against patterns in which `*` is any run of characters, `?` is any one, and everything else is
 * itself. True when any pattern matches the whole name; no pattern matches nothing.
 */
export function globMatcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const body = RegExp.escape(pattern)
      .replaceAll(String.raw`\*`, ".*")
      .replaceAll(String.raw`\?`, ".");
    return new RegExp(`^(?:${body})$`, "su");
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
