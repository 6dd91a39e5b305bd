/** Longest quotation of a backend's words in one of our messages. */
const QUOTATION_LIMIT = 300;

/** Shorter ones would blot out ordinary text. */
const MIN_SECRET_LENGTH = 4;

/** The endpoint as messages name it: without user, password and query, which may be secrets. */
export function nameOfEndpoint(endpoint: URL): string {
  return `${endpoint.protocol}//${endpoint.host}${endpoint.pathname === "/" ? "" : endpoint.pathname}`;
}

/**
 * What a backend said, fit for a message of ours: one line, no control characters, not endless, and with none of
 * the headers' values in it, should the backend have quoted what it got.
 */
export function quote(words: string, headers: Readonly<Record<string, string>>): string {
  let line = words.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  for (const value of Object.values(headers)) {
    // "Bearer abc": the scheme is no secret, the last part is.
    for (const secret of [value, value.split(/\s+/).at(-1) ?? ""]) {
      if (secret.length >= MIN_SECRET_LENGTH) line = line.replaceAll(secret, "***");
    }
  }
  return line.length > QUOTATION_LIMIT ? `${line.slice(0, QUOTATION_LIMIT)}…` : line;
}
