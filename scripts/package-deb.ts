/**
 * Makes a Debian package of the executable in build/: binary, service, configuration, manual page and completions.
 * Needs dpkg-deb, which every Debian has, and nothing else. The same executable gives the same package.
 *
 *     npm run package:deb                           for this machine's architecture
 *     npm run package:deb -- --arch arm64           x64 or arm64
 *     npm run package:deb -- --compression gzip     xz unless said otherwise: smaller and slower
 *     npm run package:deb -- --version 1.2.3~rc1    instead of package.json's
 *     npm run package:deb -- --executable FILE      instead of the one in build/
 *     npm run package:deb -- --out DIR              elsewhere than in build/
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { commitTimeS } from "./executable/commit.ts";
import { type Architecture, ARCHITECTURES } from "./executable/node-binary.ts";
import { root } from "./executable/root.ts";
import {
  conffiles,
  controlFile,
  DEBIAN_ARCHITECTURES,
  debianChangelog,
  debianVersion,
  md5sums,
} from "./package/debian.ts";
import { packagedFiles, writeTree } from "./package/tree.ts";

const MAINTAINER_SCRIPTS = ["postinst", "prerm", "postrm"];

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
const { values } = parseArgs({
  options: {
    arch: { type: "string", default: process.arch },
    compression: { type: "string", default: "xz" },
    executable: { type: "string" },
    out: { type: "string", default: join(root, "build") },
    version: { type: "string", default: debianVersion(manifest.version) },
  },
});
const architecture = ARCHITECTURES.find((name) => name === values.arch);
if (architecture === undefined) {
  console.error(`--arch must be one of ${ARCHITECTURES.join(", ")}: current value is "${values.arch}"`);
  process.exit(2);
}
console.log(await packageDeb(architecture));

/** The package's path. */
async function packageDeb(architecture: Architecture): Promise<string> {
  const { compression, out, version } = values;
  const timeS = commitTimeS() ?? 0;
  const facts = { version, architecture, time: new Date(timeS * 1000) };
  const executable = values.executable ?? join(root, "build", `kvmeter-linux-${architecture}`);
  const date = facts.time.toISOString().slice(0, 10);
  const files = [
    ...(await packagedFiles({ executable, version: manifest.version, date })),
    debianChangelog(facts),
  ];
  const folder = mkdtempSync(join(tmpdir(), "kvmeter-deb-"));
  try {
    writeTree(folder, files);
    chmodSync(folder, 0o755);
    const control = join(folder, "DEBIAN");
    mkdirSync(control, { mode: 0o755 });
    writeFileSync(join(control, "control"), controlFile(facts, files));
    writeFileSync(join(control, "conffiles"), conffiles(files));
    writeFileSync(join(control, "md5sums"), md5sums(files));
    for (const name of MAINTAINER_SCRIPTS)
      copyFileSync(join(root, "packaging/debian", name), join(control, name));
    const deb = join(out, `kvmeter_${version}_${DEBIAN_ARCHITECTURES[architecture]}.deb`);
    const { status, error } = spawnSync(
      "dpkg-deb",
      ["--root-owner-group", "--uniform-compression", `-Z${compression}`, "--build", folder, deb],
      { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, SOURCE_DATE_EPOCH: String(timeS) } },
    );
    if (status !== 0) throw new Error("dpkg-deb failed", { cause: error });
    return deb;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
