/** An XML element as the parser gives it: its attributes under `@name`, its elements in arrays, its text apart. */
export interface XmlElement {
  readonly [name: string]: readonly XmlElement[] | string | undefined;
}

/** The elements of one name directly below, in their order. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  const found = element !== undefined && Object.hasOwn(element, name) ? element[name] : undefined;
  return typeof found === "object" ? found : [];
}

/** The first of them. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return children(element, name)[0];
}

/** An attribute; undefined when it is missing or empty. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  return nonEmpty(element?.[`@${name}`]);
}

/** The text of an element, its white space kept; undefined when there is none. */
export function text(element: XmlElement | undefined): string | undefined {
  return nonEmpty(element?.["#text"]);
}

/** The name of an element without its namespace's prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function nonEmpty(value: readonly XmlElement[] | string | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
