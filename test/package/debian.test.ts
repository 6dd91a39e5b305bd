import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import {
  conffiles,
  controlFile,
  debianChangelog,
  debianVersion,
  type DebianFacts,
  md5sums,
} from "../../scripts/package/debian.ts";
import { loadConfiguration } from "../../src/config/load.ts";

const ROOT = join(import.meta.dirname, "../..");
const FACTS: DebianFacts = { version: "1.2.3-1", architecture: "arm64", time: new Date(1_800_000_000_000) };
const FILES = [
  { path: "/etc/kvmeter/kvmeter.yaml", content: "interval: 10s\n" },
  { path: "/usr/bin/kvmeter", content: Buffer.alloc(2049), mode: 0o755 },
];

test("a prerelease is older than its release", () => {
  assert.equal(debianVersion("1.2.3"), "1.2.3-1");
  assert.equal(debianVersion("1.2.3-rc.1"), "1.2.3~rc.1-1");
});

test("the control file says what the package is; its description's lines go on with a blank", () => {
  const fields = controlFile(FACTS, FILES).split(/\n(?! )/);
  const field = (name: string) => fields.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  assert.deepEqual(
    [field("Package"), field("Version"), field("Architecture")],
    ["kvmeter", "1.2.3-1", "arm64"],
  );
  // Of each file the kibibytes that it begins.
  assert.equal(field("Installed-Size"), "4");
  assert.match(field("Description") ?? "", /^[^\n]+(?:\n [^\n]{1,79})+$/);
  assert.equal(fields.at(-1), "");
});

test("what is in /etc is the administrator's, everything else has a checksum", () => {
  assert.equal(conffiles(FILES), "/etc/kvmeter/kvmeter.yaml\n");
  assert.match(md5sums(FILES), /^[0-9a-f]{32} {2}usr\/bin\/kvmeter\n$/);
});

test("Debian's changelog names the version and the time of the commit", () => {
  const { content } = debianChangelog(FACTS);
  const text = gunzipSync(content).toString();
  assert.match(text, /^kvmeter \(1\.2\.3-1\) unstable; urgency=medium\n\n {2}\* /);
  assert.match(text, /\n -- .+ <.+@.+> {2}Fri, 15 Jan 2027 08:00:00 \+0000\n$/);
});

test("the maintainer scripts are sh", () => {
  const scripts = globSync("packaging/debian/*", { cwd: ROOT });
  assert.equal(scripts.length, 3);
  for (const script of scripts) {
    assert.equal(spawnSync("sh", ["-n", join(ROOT, script)], { encoding: "utf8" }).stderr, "");
    assert.match(readFileSync(join(ROOT, script), "utf8"), /^#!\/bin\/sh\nset -e\n/);
  }
});

test("the configuration that is installed is a valid one, and keeps what waits where the unit allows it", () => {
  const file = join(ROOT, "packaging/kvmeter.yaml");
  const { configuration } = loadConfiguration({ file, env: {}, overrides: {} });
  assert.deepEqual(configuration.warnings, []);
  assert.equal(configuration.stateDirectory, "/var/lib/kvmeter");
  assert.match(readFileSync(join(ROOT, "packaging/kvmeter.service"), "utf8"), /^StateDirectory=kvmeter$/m);
});
