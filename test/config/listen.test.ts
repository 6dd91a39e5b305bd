import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import type { Configuration } from "../../src/config/configuration.ts";
import { loadConfiguration } from "../../src/config/load.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-listen-"));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, "kvmeter.yaml");

function load(text: string): Configuration {
  writeFileSync(file, text);
  return loadConfiguration({ file, env: {} }).configuration;
}

const addresses: Readonly<Record<string, { host: string; port: number } | undefined>> = {
  "127.0.0.1:9560": { host: "127.0.0.1", port: 9560 },
  "localhost:9560": { host: "localhost", port: 9560 },
  "'[::1]:9560'": { host: "::1", port: 9560 },
  "0.0.0.0:0": { host: "0.0.0.0", port: 0 },
  "127.0.0.1": undefined,
  "'9560'": undefined,
  "':9560'": undefined,
  "127.0.0.1:65536": undefined,
  "300.0.0.1:9560": undefined,
  "'::1:9560'": undefined,
  "example.com:9560": undefined,
  "http://127.0.0.1:9560": undefined,
};

for (const [text, address] of Object.entries(addresses)) {
  test(`listen: ${text} is ${address === undefined ? "refused" : "an address"}`, () => {
    if (address !== undefined) {
      assert.deepEqual(load(`listen: ${text}`).listen, address);
      return;
    }
    assert.throws(() => load(`listen: ${text}`), {
      code: "CONFIG_INVALID",
      message: /:1:9 listen: must be an IP address or localhost, and a port, such as 127.0.0.1:9560 or /,
    });
  });
}

test("an address that others can reach is allowed, with a warning", () => {
  for (const text of ["127.0.0.1:1", "127.1.2.3:1", "'[::1]:1'", "localhost:1"]) {
    assert.deepEqual(load(`listen: ${text}`).warnings, []);
  }
  for (const text of ["0.0.0.0:9560", "'[::]:9560'", "10.0.0.1:9560"]) {
    const [warning, ...others] = load(`listen: ${text}`).warnings;
    assert.match(warning ?? "", /^listen: \S+:9560 is no loopback address; whoever reaches it can read/);
    assert.deepEqual(others, []);
  }
});
