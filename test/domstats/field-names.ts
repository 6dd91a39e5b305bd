const compiled = new Map<string, RegExp>();

/** What stands for `#` (a number) and `*` (a name, dots included) of a pattern; undefined for another name. */
export function matchName(pattern: string, name: string): string[] | undefined {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const source = pattern
      .replaceAll(".", String.raw`\.`)
      .replaceAll("#", String.raw`(\d+)`)
      .replaceAll("*", "(.+)");
    expression = new RegExp(`^${source}$`);
    compiled.set(pattern, expression);
  }
  return expression.exec(name)?.slice(1);
}
