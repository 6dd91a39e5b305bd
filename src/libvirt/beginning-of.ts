/**
 * A text, or as many characters of it as the limit. They are a copy: a part of a string keeps all of it in memory, and
 * what a daemon sends can have 4 MiB.
 */
export function beginningOf(text: string, limit: number): string {
  return text.length <= limit ? text : Buffer.from(text.slice(0, limit)).toString();
}
