/**
 * The section of a version in a changelog as https://keepachangelog.com has it, without its heading; undefined where
 * there is none or nothing is in it.
 */
export function notesOf(version: string, changelog: string): string | undefined {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => {
    const [, name, date] = /^## \[?([^\]\s]+)\]?(?: - (\d{4}-\d\d-\d\d))?\s*$/m.exec(text) ?? [];
    return name === version && date !== undefined;
  });
  const notes = section?.replace(/^.*\n/, "").trim();
  return notes === undefined || notes === "" ? undefined : `${notes}\n`;
}
