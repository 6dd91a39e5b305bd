import type { NameRule } from "./rows.ts";

/**
 * What a rule makes of an item's name: the name itself, what stands for the star of the pattern that it fits, or
 * undefined when the item is not meant.
 */
export function applyNameRule(rule: NameRule, name: string): string | undefined {
  if (rule.except?.some((pattern) => fit(pattern, name) !== undefined) === true) return undefined;
  if (rule.only === undefined) return name;
  for (const pattern of rule.only) {
    const fitting = fit(pattern, name);
    if (fitting !== undefined) return fitting;
  }
  return undefined;
}

function fit(pattern: string, name: string): string | undefined {
  if (!pattern.startsWith("*")) return pattern === name ? name : undefined;
  const ending = pattern.slice(1);
  return name.endsWith(ending) ? name.slice(0, name.length - ending.length) : undefined;
}
