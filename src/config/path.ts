/** The way to an option: `["export", 0, "endpoint"]`. */
export type Path = readonly (string | number)[];

/** `export[0].endpoint`; a key that is not a plain word is quoted: `resource_attributes["service.name"]`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return "the whole file";
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (!/^[\w-]{1,100}$/.test(part)) text += `[${JSON.stringify(part.slice(0, 100))}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}
