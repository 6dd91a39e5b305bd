import { access, constants } from "node:fs/promises";
import { join, resolve } from "node:path";

/** What the bed is made of; scripts/install-real-parts.sh brings each. */
export type Part =
  | "libvirtd"
  | "newer-libvirtd"
  | "machines"
  | "clean-debian"
  | "openssl"
  | "sshd"
  | "tmux"
  | "guests"
  | "collector"
  | "prometheus"
  | "haproxy"
  | "victoriametrics"
  | "promtool"
  | "node-exporter"
  | "image-builder"
  | "deployment-tools";

/** Where scripts/install-real-parts.sh keeps what it downloads and builds. */
export const cacheDirectory: string = process.env["KVMETER_REAL_CACHE"] ?? "/var/cache/kvmeter-real";

/** The repository's root. */
export const repositoryRoot: string = resolve(import.meta.dirname, "../../..");

/** Paths of the installed parts. */
export const paths = {
  newerRoot: join(cacheDirectory, "unstable"),
  stableRoot: join(cacheDirectory, "stable"),
  cleanRoot: join(cacheDirectory, "clean-debian"),
  kernel: join(cacheDirectory, "kernel/vmlinuz"),
  initrd: join(cacheDirectory, "kernel/initrd.gz"),
  collector: join(cacheDirectory, "otelcol"),
  haproxy: join(cacheDirectory, "haproxy/usr/sbin/haproxy"),
  haproxyLibraries: join(cacheDirectory, "haproxy/usr/lib/x86_64-linux-gnu"),
  prometheus: join(cacheDirectory, "prometheus"),
  victoriametrics: join(cacheDirectory, "victoriametrics/usr/bin/victoria-metrics"),
  nodeExporter: join(cacheDirectory, "node-exporter/usr/bin/prometheus-node-exporter"),
  vmalertTool: join(cacheDirectory, "victoriametrics/usr/bin/vmalert-tool"),
  promtool: join(cacheDirectory, "promtool/usr/bin/promtool"),
  imageBase: join(cacheDirectory, "bookworm"),
  hadolint: join(cacheDirectory, "hadolint"),
  helm: join(cacheDirectory, "deployment/helm"),
  kubeconform: join(cacheDirectory, "deployment/kubeconform"),
  actionlint: join(cacheDirectory, "deployment/actionlint"),
  composeSpec: join(cacheDirectory, "deployment/compose-spec"),
  kubernetesSchemas: join(cacheDirectory, "kubernetes"),
} as const;

const hostTools = ["/usr/sbin/libvirtd", "/usr/sbin/virtlogd", "/usr/bin/virsh", "/usr/bin/qemu-img"];

const neededFiles: Record<Part, readonly string[]> = {
  libvirtd: [...hostTools, "/usr/bin/qemu-system-x86_64", "/dev/net/tun"],
  "newer-libvirtd": [
    ...hostTools,
    join(paths.newerRoot, "usr/sbin/libvirtd"),
    join(cacheDirectory, "unstable_chroot.stamp"),
    "/dev/net/tun",
  ],
  machines: [
    join(cacheDirectory, "unstable_chroot.stamp"),
    join(cacheDirectory, "stable_chroot.stamp"),
    "/usr/bin/dpkg-deb",
    "/usr/bin/unshare",
    "/usr/bin/nsenter",
  ],
  "clean-debian": [join(cacheDirectory, "clean_debian.stamp"), "/usr/bin/git", "/usr/bin/nsenter"],
  openssl: ["/usr/bin/openssl"],
  sshd: ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/virt-ssh-helper", "/usr/bin/nc"],
  tmux: ["/usr/bin/tmux"],
  guests: [paths.kernel, paths.initrd],
  collector: [paths.collector],
  haproxy: [paths.haproxy],
  prometheus: [paths.prometheus],
  victoriametrics: [paths.victoriametrics, paths.vmalertTool],
  promtool: [paths.promtool],
  "node-exporter": [paths.nodeExporter],
  "image-builder": ["/usr/bin/buildah", join(cacheDirectory, "image_base.stamp")],
  "deployment-tools": [
    paths.hadolint,
    paths.helm,
    paths.kubeconform,
    paths.actionlint,
    paths.composeSpec,
    join(cacheDirectory, "kubernetes_schemas.stamp"),
    "/usr/bin/ansible-playbook",
    "/usr/bin/ansible-lint",
  ],
};

const NO_ROOT: ReadonlySet<Part> = new Set<Part>([
  "collector",
  "haproxy",
  "prometheus",
  "victoriametrics",
  "node-exporter",
  "promtool",
  "tmux",
  "deployment-tools",
]);

async function exists(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Why a part cannot be used on this machine, as one sentence for `test.skip`; undefined when it can.
 * Daemons and guests need root.
 */
export async function whyNot(part: Part): Promise<string | undefined> {
  const needsRoot = !NO_ROOT.has(part);
  if (needsRoot && process.getuid?.() !== 0) {
    return `${part} needs root: current user id is ${process.getuid?.() ?? "unknown"}`;
  }
  for (const path of neededFiles[part]) {
    if (!(await exists(path)))
      return `${part} is not installed: no ${path}; run scripts/install-real-parts.sh as root`;
  }
  return undefined;
}

/** Why guests cannot have KVM here; undefined when they can. Few build machines have it, so it is never required. */
export async function whyNoKvm(): Promise<string | undefined> {
  const device = "/dev/kvm";
  return access(device, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: Error) => `no KVM: cannot open ${device}: ${error.message}`,
  );
}

/** The reasons of all parts that cannot be used here; empty when the whole bed can be started. */
export async function missingParts(): Promise<string[]> {
  const parts = Object.keys(neededFiles) as Part[];
  const reasons = await Promise.all(parts.map(whyNot));
  return reasons.filter((reason) => reason !== undefined);
}
