import { readFileSync } from "node:fs";

/** A PEM file of the test authority (scripts/make-test-certificates.sh). */
export function pem(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/certificates/${name}.pem`, import.meta.url));
}
