import { createHash } from "node:crypto";

import type { Architecture } from "../executable/node-binary.ts";
import { gzipped, type PackagedFile } from "./tree.ts";

/** What Debian calls Node's architectures. */
export const DEBIAN_ARCHITECTURES: Readonly<Record<Architecture, string>> = { x64: "amd64", arm64: "arm64" };

const MAINTAINER = "kvmeter developers <kvmeter@invalid.invalid>";

/** As Debian compares them; `-1` because the packaging has no version of its own. */
export function debianVersion(version: string): string {
  // A prerelease sorts before its release only behind a tilde.
  return `${version.replace("-", "~")}-1`;
}

export interface DebianFacts {
  readonly version: string;
  readonly architecture: Architecture;
  /** The commit's time, for the changelog. */
  readonly time: Date;
}

/**
 * The control file.
 * @see https://www.debian.org/doc/debian-policy/ch-controlfields.html
 */
export function controlFile({ version, architecture }: DebianFacts, files: readonly PackagedFile[]): string {
  const kilobytes = files.reduce((sum, { content }) => sum + Math.ceil(content.length / 1024), 0);
  const fields = {
    Package: "kvmeter",
    Version: version,
    Architecture: DEBIAN_ARCHITECTURES[architecture],
    Maintainer: MAINTAINER,
    "Installed-Size": String(kilobytes),
    // What Node's own builds are linked with: glibc of 2018, the C++ library of GCC 8.
    Depends: "libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8), passwd",
    Suggests: "libvirt-daemon-system, openssh-client",
    Section: "admin",
    Priority: "optional",
    Description: [
      "metrics of KVM virtual machines over OTLP",
      " Reads every virtual machine of a KVM host from libvirt, without anything",
      " installed in the guests, and the host from /proc, /sys and control groups,",
      " and pushes OpenTelemetry metrics to any backend that takes OTLP.",
    ].join("\n"),
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** Checksums of what is installed, for `dpkg --verify`. */
export function md5sums(files: readonly PackagedFile[]): string {
  return files
    .filter(({ path }) => !path.startsWith("/etc/"))
    .map(({ path, content }) => `${createHash("md5").update(content).digest("hex")}  ${path.slice(1)}\n`)
    .join("");
}

/** What an administrator may change and an upgrade keeps. */
export function conffiles(files: readonly PackagedFile[]): string {
  return files.flatMap(({ path }) => (path.startsWith("/etc/") ? [`${path}\n`] : [])).join("");
}

/** Debian's own changelog, which names the package's version; what has changed is in kvmeter's. */
export function debianChangelog({ version, time }: DebianFacts): PackagedFile {
  const date = time.toUTCString().replace("GMT", "+0000");
  const text = `kvmeter (${version}) unstable; urgency=medium

  * What has changed is in changelog.gz.

 -- ${MAINTAINER}  ${date}
`;
  return { path: "/usr/share/doc/kvmeter/changelog.Debian.gz", content: gzipped(text) };
}
