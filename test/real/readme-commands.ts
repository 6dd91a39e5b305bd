/** What a page tells its reader to type. */
export interface Commands {
  /** Lines of indented blocks, by the title of their section. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /** Fenced blocks by section, with their language. */
  readonly fenced: ReadonlyMap<string, readonly { readonly language: string; readonly text: string }[]>;
  /** What stands between backticks in a section's sentences. */
  readonly inline: ReadonlyMap<string, readonly string[]>;
}

/** Takes a page of Markdown apart, as far as our pages go: indented blocks are commands, fenced ones say what they are. */
export function commandsOf(markdown: string): Commands {
  const lines = new Map<string, string[]>();
  const fenced = new Map<string, { language: string; text: string }[]>();
  const inline = new Map<string, string[]>();
  let section = "";
  let fence: { readonly indent: string; readonly language: string; readonly text: string[] } | undefined;
  let wasText = false;
  for (const line of markdown.split("\n")) {
    const [, indent = "", language] = /^( *)```(\w*)$/.exec(line) ?? [];
    if (fence !== undefined) {
      if (language === "" && indent === fence.indent) {
        add(fenced, section, { language: fence.language, text: `${fence.text.join("\n")}\n` });
        fence = undefined;
      } else fence.text.push(line.slice(fence.indent.length));
    } else if (language !== undefined) fence = { indent, language, text: [] };
    else if (/^#+ /.test(line)) section = line.replace(/^#+ /, "");
    else if (/^ {4}/.test(line) && !wasText) add(lines, section, line.trim());
    else {
      for (const [, code = ""] of line.matchAll(/`([^`]+)`/g)) add(inline, section, code);
      wasText = line.trim() !== "";
    }
  }
  return { lines, fenced, inline };
}

function add<Item>(map: Map<string, Item[]>, section: string, item: Item): void {
  map.set(section, [...(map.get(section) ?? []), item]);
}
