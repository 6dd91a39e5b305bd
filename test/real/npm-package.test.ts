import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { VERSION } from "../../src/version.ts";
import { repositoryRoot } from "./bed/parts.ts";

const execute = promisify(execFile);
const inRepository = { cwd: repositoryRoot };

let scratch = "";
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kvmeter-npm-"));
});
after(() => rm(scratch, { recursive: true, force: true }));

describe("the npm package", () => {
  test("has what is needed and nothing else, works by npx, and has types", async () => {
    const packed = await execute("npm", ["pack", "--json", "--pack-destination", scratch], inRepository);
    const [{ files, filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf("["))) as [
      { readonly files: readonly { readonly path: string }[]; readonly filename: string },
    ];
    const folders = new Set(files.map(({ path }) => path.replace(/\/.*/, "")));
    const expected = [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "config",
      "dist",
      "otel-collector-example.yaml",
    ];
    assert.deepEqual([...folders].toSorted(), [...expected, "package.json", "proto"]);
    const odd = files.filter(
      ({ path }) => path.startsWith("dist/") && !/\.(d\.ts|js)$|^dist\/commit$/.test(path),
    );
    assert.deepEqual(odd, []);

    const home = join(scratch, "consumer");
    await mkdir(home);
    const inHome = { cwd: home };
    await writeFile(join(home, "package.json"), '{ "type": "module", "private": true }');
    await execute(
      "npm",
      ["install", "--prefer-offline", "--no-audit", "--no-fund", join(scratch, filename)],
      inHome,
    );
    // npm runs it with whatever node comes first, which on this machine may be too old.
    const PATH = `${join(process.execPath, "..")}:${process.env["PATH"]}`;
    const inNew = { ...inHome, env: { ...process.env, PATH } };
    const version = await execute("npx", ["--no-install", "kvmeter", "version"], inNew);
    assert.match(version.stdout, new RegExp(`^kvmeter ${VERSION.replaceAll(".", String.raw`\.`)}\\b`));
    const demo = await execute(
      "npx",
      ["--no-install", "kvmeter", "demo", "--duration", "3s", "--domains", "2"],
      inNew,
    );
    assert.match(demo.stdout, /^2 domains were seen/m);
    assert.doesNotMatch(demo.stderr, /Warning:/, "Node says something of its own");

    await writeFile(
      join(home, "use.ts"),
      `import { createLibvirtSource, registerLibvirtInstruments } from "kvmeter";
import { connect, getAllDomainStats } from "kvmeter/libvirt";
export const source: { close(): Promise<void> } = createLibvirtSource({ uri: "qemu:///system" });
export const uses = [registerLibvirtInstruments, connect, getAllDomainStats];
// @ts-expect-error the types are there, and not any
createLibvirtSource({ uri: 7 });
`,
    );
    const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
    const typeRoots = ["--typeRoots", join(repositoryRoot, "node_modules/@types")];
    await execute(join(repositoryRoot, "node_modules/.bin/tsc"), [...strict, ...typeRoots, "use.ts"], inHome);
  });
});
