import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startCollector } from "./bed/collector.ts";
import { waitFor } from "./bed/processes.ts";
import { skipWithout } from "./bed/skip.ts";
import { type Virsh, virshFor } from "./bed/virsh.ts";
import { resourcesOf } from "./exported.ts";
import { startKvmeter } from "./kvmeter.ts";

const skip = await skipWithout("libvirtd", "collector");

/** KubeVirt's is 107; this one Debian has. */
const QEMU_USER = Number(/^libvirt-qemu:x:(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"))?.[1]);
const ROOT_GROUP = 0;
const VOLUMES = "volumes/kubernetes.io~empty-dir/libvirt-runtime";

/** A pod with a libvirtd that runs as the session of an unprivileged user, and its virtual machine. */
interface Pod {
  /** As KubeVirt ends one: the machine, then the daemon; the kubelet removes what is left. */
  readonly end: () => Promise<void>;
  /** The daemon is gone at once, and its socket stays, as in a pod that has completed. */
  readonly kill: () => Promise<void>;
}

/** The folders are those of a kubelet, their modes too. */
async function startPod(t: TestContext, { root, name }: { root: string; name: string }): Promise<Pod> {
  const uid = crypto.randomUUID();
  const pod = join(root, "pods", uid);
  await mkdir(join(pod, VOLUMES), { recursive: true });
  for (const folder of [pod, join(pod, "volumes"), join(pod, "volumes/kubernetes.io~empty-dir")]) {
    await chmod(folder, 0o750);
  }
  await chmod(join(pod, VOLUMES), 0o777);
  // The daemon binds to a short path, as in its container; where that is a mount, it needs no group for it.
  const home = join(root, name);
  await mkdir(join(home, "config/libvirt"), { recursive: true });
  await mkdir(join(home, "run"));
  await symlink(join(pod, VOLUMES), join(home, "sock"));
  await writeFile(join(home, "libvirtd.conf"), `unix_sock_dir = "${home}/sock"\nlog_level = 3\n`);
  await writeFile(join(home, "config/libvirt/qemu.conf"), 'stdio_handler = "file"\n');
  for (const path of ["", "run", "config", "config/libvirt"])
    await chown(join(home, path), QEMU_USER, QEMU_USER);
  const env = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: home,
    XDG_RUNTIME_DIR: join(home, "run"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_CACHE_HOME: join(home, "cache"),
  };
  const args = ["--bounding-set=-all", `--reuid=${QEMU_USER}`, `--regid=${QEMU_USER}`, "--groups=0"];
  const daemon = spawn("setpriv", [...args, "--", "/usr/sbin/libvirtd", "-f", join(home, "libvirtd.conf")], {
    env,
    stdio: "ignore",
  });
  const ended = once(daemon, "exit");
  const virsh: Virsh = virshFor(`qemu+unix:///session?socket=${home}/sock/libvirt-sock`);
  t.after(async () => {
    await virsh(["destroy", name]).catch(() => "it runs no more");
    daemon.kill("SIGKILL");
    await ended;
  });
  await waitFor(
    () =>
      virsh(["uri"]).then(
        () => true,
        () => false,
      ),
    { what: `the libvirtd of ${name}` },
  );
  const definition = join(home, "domain.xml");
  await writeFile(
    definition,
    `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>`,
  );
  await virsh(["create", definition]);
  return {
    end: async () => {
      await virsh(["destroy", name]);
      // virt-launcher takes a moment until it ends the daemon.
      await sleep(300);
      daemon.kill("SIGTERM");
      await ended;
      await rm(pod, { recursive: true });
    },
    kill: async () => {
      await virsh(["destroy", name]);
      daemon.kill("SIGKILL");
      await ended;
    },
  };
}

test(
  "virtual machines of KubeVirt's pods are read as they come and go, by the user of the chart",
  { skip },
  async (t) => {
    const root = await mkdtemp("/tmp/kv-");
    t.after(() => rm(root, { recursive: true, force: true }));
    await chmod(root, 0o755);
    await mkdir(join(root, "pods"), { mode: 0o750 });
    // A pod that has nothing to do with virtual machines.
    await mkdir(join(root, "pods", crypto.randomUUID(), "volumes"), { recursive: true });
    const collector = await startCollector();
    t.after(() => collector.stop());
    const configuration = join(root, "kvmeter.yaml");
    await writeFile(
      configuration,
      `libvirt: [{ uri: "qemu+unix:///session?socket=${root}/pods/*/${VOLUMES}/libvirt-sock" }]
interval: 1s
export: [{ endpoint: "http://${collector.grpcEndpoint}" }]
`,
    );
    const first = await startPod(t, { root, name: "shop_one" });
    const agent = startKvmeter(["run", "-c", configuration], { user: { uid: QEMU_USER, gid: ROOT_GROUP } });
    t.after(() => agent.stop());
    let seen = 0;
    /** The domains of the cycles since it was asked last. */
    const domains = async (): Promise<Set<unknown>> => {
      const all = resourcesOf(await collector.readExported());
      const fresh = all.slice(seen).filter(({ metrics }) => "libvirt.domain.cpu.time" in metrics);
      seen = all.length;
      return new Set(fresh.map(({ resource }) => resource["libvirt.domain.name"]));
    };
    const only = (...names: string[]) =>
      waitFor(async () => (await domains()).symmetricDifference(new Set(names)).size === 0, {
        what: `nobody but ${names.join(", ")}; the agent's log: ${agent.log()}`,
        everyMs: 1500,
      });

    await only("shop_one");
    const second = await startPod(t, { root, name: "shop_two" });
    await only("shop_one", "shop_two");
    await first.end();
    await only("shop_two");
    const third = await startPod(t, { root, name: "shop_three" });
    await second.kill();
    await only("shop_three");
    await third.end();
    await waitFor(async () => (await domains()).size === 0, { what: "nobody", everyMs: 1500 });

    const all = resourcesOf(await collector.readExported());
    const ofDomains = all.filter(({ resource }) => "libvirt.domain.uuid" in resource);
    assert.deepEqual([...new Set(ofDomains.map(({ resource }) => resource["host.name"]))], [hostname()]);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /"level":"error"|LIBVIRT_SOCKET|connection was refused|ECONNREFUSED/);
  },
);
