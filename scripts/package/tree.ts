import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { root } from "../executable/root.ts";
import { describeCommands } from "./command-line.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "./completions.ts";
import { type ManPageFacts, manPage } from "./man-page.ts";

/** One file of a package. */
export interface PackagedFile {
  /** Absolute, as it will be on the host. */
  readonly path: string;
  readonly content: string | Buffer;
  /** 0o644 unless given. */
  readonly mode?: number;
}

export interface TreeSources extends ManPageFacts {
  /** The executable and what its build has put beside it. */
  readonly executable: string;
}

const DOCUMENTS = "/usr/share/doc/kvmeter";

const own = (path: string) => readFileSync(join(root, path));

/** All files of a package for a host with systemd, whatever the package's format. */
export async function packagedFiles({ executable, ...facts }: TreeSources): Promise<PackagedFile[]> {
  const commands = await describeCommands();
  const examples = [
    ...globSync("config/*.{yaml,json}", { cwd: root }).toSorted(),
    "otel-collector-example.yaml",
    "packaging/qemu-processes.conf",
  ];
  return [
    { path: "/usr/bin/kvmeter", content: readFileSync(executable), mode: 0o755 },
    { path: "/usr/lib/systemd/system/kvmeter.service", content: own("packaging/kvmeter.service") },
    { path: "/etc/kvmeter/kvmeter.yaml", content: own("packaging/kvmeter.yaml") },
    { path: "/usr/share/man/man1/kvmeter.1.gz", content: gzipped(manPage(commands, facts)) },
    { path: "/usr/share/bash-completion/completions/kvmeter", content: bashCompletion(commands) },
    { path: "/usr/share/zsh/vendor-completions/_kvmeter", content: zshCompletion(commands) },
    { path: "/usr/share/fish/vendor_completions.d/kvmeter.fish", content: fishCompletion(commands) },
    { path: `${DOCUMENTS}/changelog.gz`, content: gzipped(own("CHANGELOG.md")) },
    { path: `${DOCUMENTS}/copyright`, content: readFileSync(`${executable}.licenses.txt`) },
    { path: `${DOCUMENTS}/kvmeter.cdx.json.gz`, content: gzipped(readFileSync(`${executable}.cdx.json`)) },
    ...examples.map((path) => ({ path: `${DOCUMENTS}/examples/${basename(path)}`, content: own(path) })),
  ];
}

/** Folders that are empty at first and not for everybody. */
export const PACKAGED_FOLDERS: Readonly<Record<string, number>> = { "/etc/kvmeter/credentials": 0o700 };

/** Lays files and folders out under a folder; modes do not depend on the umask. */
export function writeTree(folder: string, files: readonly PackagedFile[]): void {
  for (const { path, content, mode = 0o644 } of files) {
    const file = join(folder, path);
    makeFolder(folder, dirname(path));
    writeFileSync(file, content);
    chmodSync(file, mode);
  }
  for (const [path, mode] of Object.entries(PACKAGED_FOLDERS)) {
    makeFolder(folder, path);
    chmodSync(join(folder, path), mode);
  }
}

function makeFolder(folder: string, path: string): void {
  if (path === "/") return;
  makeFolder(folder, dirname(path));
  mkdirSync(join(folder, path), { recursive: true });
  chmodSync(join(folder, path), 0o755);
}

/** Without a time or a name, so that equal content gives equal bytes. */
export function gzipped(content: string | Buffer): Buffer {
  return gzipSync(content, { level: 9 });
}
