import type { DestinationOptions } from "./options.ts";

/** Longest quotation of a backend's words in one of our messages. */
const QUOTATION_LIMIT = 300;

/** Shorter ones would blot out ordinary text. */
const MIN_SECRET_LENGTH = 4;

/** The endpoint as messages name it: without user, password and query, which may be secrets. */
export function nameOfEndpoint(endpoint: URL): string {
  return `${endpoint.protocol}//${endpoint.host}${endpoint.pathname === "/" ? "" : endpoint.pathname}`;
}

/**
 * What must not be shown of a destination, longer values before the parts of them: its headers' values, with and without
 * their scheme, what Basic authentication encodes, and the endpoint's query, in any spelling.
 */
export function secretsOf({ headers, endpoint }: Pick<DestinationOptions, "headers" | "endpoint">): string[] {
  const url = URL.parse(endpoint);
  const secrets = new Set([url?.search.slice(1) ?? ""]);
  for (const value of url?.searchParams.values() ?? []) secrets.add(value).add(encodeURIComponent(value));
  for (const value of Object.values(headers)) {
    secrets.add(value).add(value.slice(value.indexOf(" ") + 1));
    // "Bearer abc": the scheme is no secret, the last part is.
    const credentials = value.split(/\s+/).at(-1) ?? "";
    secrets.add(credentials);
    if (!/^basic\s/i.test(value)) continue;
    const userAndPassword = Buffer.from(credentials, "base64").toString();
    secrets.add(userAndPassword).add(userAndPassword.slice(userAndPassword.indexOf(":") + 1));
  }
  secrets.delete("");
  return [...secrets].toSorted((a, b) => b.length - a.length);
}

/**
 * What a backend said, fit for a message of ours: one line, no control characters, not endless, and with none of
 * the secrets in it, should the backend have quoted what it got.
 */
export function quote(words: string, secrets: readonly string[]): string {
  let line = words.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) line = line.replaceAll(secret, "***");
  }
  return line.length > QUOTATION_LIMIT ? `${line.slice(0, QUOTATION_LIMIT)}…` : line;
}
