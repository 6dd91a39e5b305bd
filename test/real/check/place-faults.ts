/** Faults of the daemon, of rights, of the surroundings and of the state directory, each alone. */
import assert from "node:assert/strict";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import type { Libvirtd } from "../bed/libvirtd.ts";
import { run, waitFor } from "../bed/processes.ts";
import { readOnlyUri, startKvmeter } from "../kvmeter.ts";
import { assertGone, check, follow, NOWHERE } from "./run-check.ts";

const NOBODY = 65_534;

/** Nobody runs what comes after it, in these further groups and with these capabilities. */
function asNobody({
  groups,
  capabilities = [],
}: { groups?: number; capabilities?: readonly string[] } = {}): string[] {
  const added = capabilities.map((name) => `+${name}`).join(",");
  return [
    "/usr/bin/setpriv",
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    groups === undefined ? "--clear-groups" : `--groups=${groups}`,
    ...(added === "" ? [] : [`--inh-caps=${added}`, `--ambient-caps=${added}`]),
  ];
}

/** Who may connect, to whom, and what VMs are chosen. */
export async function libvirtFaults(t: TestContext, daemon: Libvirtd): Promise<void> {
  const uri = readOnlyUri(daemon);
  const configuration = { libvirt: [{ uri }], host: { enabled: false } };

  await t.test("the socket is for a group that the user is not in", async () => {
    const { gid } = await stat(daemon.socketPath);
    await chown(daemon.readOnlySocketPath, 0, gid);
    await chmod(daemon.readOnlySocketPath, 0o770);
    const found = (await check({ configuration, within: asNobody() })).find("libvirt-connection");
    assert.equal(found?.code, "LIBVIRT_SOCKET_PERMISSION");
    assert.match(found?.mend ?? "", /^usermod -aG libvirt nobody, /);
    assertGone(await check({ configuration, within: asNobody({ groups: gid }) }), "libvirt-connection");
    await chmod(daemon.readOnlySocketPath, 0o777);
  });

  await t.test("files of QEMU's that the user has no right to", async () => {
    const { find } = await check({ configuration, within: asNobody() });
    const told = find("process-rights");
    const capabilities =
      /AmbientCapabilities=(CAP_[A-Z_]+(?: CAP_[A-Z_]+)*)/.exec(told?.mend ?? "")?.[1] ?? "";
    const names = capabilities.split(" ").map((name) => name.slice("CAP_".length).toLowerCase());
    assert.deepEqual(names, ["sys_ptrace", "dac_read_search"], told?.mend);
    assertGone(await check({ configuration, within: asNobody({ capabilities: names }) }), "process-rights");
  });

  await t.test("patterns that choose none of the VMs", async () => {
    const found = (await check({ configuration: { ...configuration, domains: { exclude: ["*"] } } })).find(
      "libvirt-none-chosen",
    );
    assert.match(found?.says ?? "", /choose none of its \d+ VMs/);
    assertGone(
      await check({ configuration: { ...configuration, domains: { include: ["*"], exclude: [] } } }),
      "libvirt-none-chosen",
    );
  });

  await t.test("the daemon is down", async () => {
    await daemon.kill();
    const found = (await check({ configuration })).find("libvirt-connection");
    assert.equal(found?.code, "LIBVIRT_SOCKET_REFUSED");
    assert.match(found?.mend ?? "", /^systemctl restart virtqemud \(or libvirtd/);
    await daemon.restart();
    assertGone(await check({ configuration }), "libvirt-connection", "libvirt-reading");
  });

  await t.test("a socket that is not there", async () => {
    const wrong = { ...configuration, libvirt: [{ uri: `${uri}-elsewhere` }] };
    const found = (await check({ configuration: wrong })).find("libvirt-connection");
    assert.equal(found?.code, "LIBVIRT_SOCKET_MISSING");
    assert.match(found?.says ?? "", /or name its socket in the URI/);
  });
}

/** What a container hides, and readers without anything to read. */
export async function hostFaults(t: TestContext, daemon: Libvirtd): Promise<void> {
  const configuration = { libvirt: [{ uri: readOnlyUri(daemon) }] };
  const folder = await openFolder(t);

  await t.test("/proc of another PID namespace", async () => {
    const outside = join(folder, "proc");
    await mkdir(outside);
    const mountOutside = `mount --rbind /proc ${outside} && exec unshare --pid --fork --mount-proc "$@"`;
    const within = [
      "/usr/bin/unshare",
      "--mount",
      "--propagation",
      "private",
      "/bin/sh",
      "-c",
      mountOutside,
      "sh",
    ];
    const inside = await check({ configuration, within });
    assert.match(inside.find("process-sight")?.says ?? "", /host's PID namespace \(--pid=host\)/);
    assert.match(inside.find("host-container")?.mend ?? "", /^kvmeter --procfs \S+ --sysfs /);
    const mended = await check({ configuration, within, args: ["--procfs", outside, "--sysfs", "/sys"] });
    assertGone(mended, "process-sight", "host-container");
  });

  await t.test("a /sys without anything in it", async () => {
    const sysfs = join(folder, "sys");
    await mkdir(sysfs);
    const bare = { ...configuration, host: { sysfs } };
    const { json, unwell } = await check({ configuration: bare });
    assert.ok(unwell.some((found) => found.startsWith("host-absent ")));
    const told = json.findings.filter(({ id }) => id === "host-absent").map(({ says }) => says);
    const readers = told.map(
      (says) => /host\.readers\.(\w+)\.enabled: false/.exec(says)?.[1] ?? assert.fail(says),
    );
    const off = Object.fromEntries(readers.map((name) => [name, { enabled: false }]));
    assertGone(
      await check({ configuration: { ...configuration, host: { sysfs, readers: off } } }),
      "host-absent",
    );
  });
}

/** Everything that keeps state from being kept. */
export async function stateFaults(t: TestContext, daemon: Libvirtd): Promise<void> {
  const folder = await openFolder(t);
  const others = { libvirt: [{ uri: `${readOnlyUri(daemon)}-elsewhere` }], host: { enabled: false } };
  const on = (state_directory: string) => ({ ...others, state_directory });
  const mounted = async (t: TestContext, name: string, options: string) => {
    const place = join(folder, name);
    await mkdir(place);
    await run("/usr/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", place]);
    t.after(() => run("/usr/bin/umount", [place]));
    return place;
  };

  await t.test("none", async () => {
    const found = (await check({ configuration: others })).find("state-none");
    assert.match(found?.mend ?? "", /^state_directory: /);
    assertGone(await check({ configuration: on(join(folder, "new")) }), "state-none", "state-unusable");
  });

  await t.test("a read-only file system", async (t) => {
    const place = await mounted(t, "read-only", "size=400m,ro");
    const configuration = { ...on(place), export: [{ ...NOWHERE, queue: { max_size: "100MiB" } }] };
    const found = (await check({ configuration })).find("state-unusable");
    assert.match(found?.says ?? "", /mounted read-only/);
    await follow(found?.mend);
    assertGone(await check({ configuration }), "state-unusable", "state-full", "state-room");
  });

  await t.test("a directory of another user", async () => {
    const place = join(folder, "root's");
    await mkdir(place, { mode: 0o755 });
    const found = (await check({ configuration: on(place), within: asNobody() })).find("state-unusable");
    assert.match(found?.mend ?? "", /^chown -R 65534 /);
    await follow(found?.mend);
    assertGone(await check({ configuration: on(place), within: asNobody() }), "state-unusable");
  });

  await t.test("a full disk, and one too small for the queue", async (t) => {
    const place = await mounted(t, "full", "size=40m");
    await writeFile(join(place, "something"), Buffer.alloc(39 * 2 ** 20));
    const found = (await check({ configuration: on(place) })).find("state-full");
    assert.match(found?.mend ?? "", /^make room there \(du -x -d 1 /);
    await rm(join(place, "something"));
    const roomier = await check({ configuration: on(place) });
    assertGone(roomier, "state-full");
    assert.match(roomier.find("state-room")?.mend ?? "", /lower queue\.max_size/);
    const less = { ...on(place), export: [{ ...NOWHERE, queue: { max_size: "20MiB" } }] };
    assertGone(await check({ configuration: less }), "state-full", "state-room");
  });

  await t.test("another agent on it, and this one", async () => {
    const place = join(folder, "shared");
    const file = join(folder, "running.yaml");
    const libvirt = [{ uri: readOnlyUri(daemon) }];
    await writeFile(file, JSON.stringify({ ...on(place), libvirt, export: [NOWHERE] }));
    const agent = startKvmeter(["run", "-c", file]);
    await waitFor(async () => (await readFile(join(place, "kvmeter.db"))).length > 0, {
      what: "the agent's state",
    });
    const found = (await check({ configuration: on(place) })).find("state-in-use");
    assert.match(found?.says ?? "", /another agent uses it .*stop that one/);
    // Beside the agent of the same configuration nothing is wrong.
    assertGone(await check({ file }), "state-in-use");
    await agent.stop();
    assertGone(await check({ configuration: on(place) }), "state-in-use");
  });
}

/** Keys and values that are none, and a file that everybody can read. */
export async function configurationFaults(t: TestContext): Promise<void> {
  const folder = await openFolder(t);
  const file = join(folder, "kvmeter.yaml");
  const elsewhere = { libvirt: [{ uri: "qemu:///system?socket=/nowhere" }], host: { enabled: false } };
  const rest = Object.entries(elsewhere)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join("");

  await t.test("an unknown key", async () => {
    await writeFile(file, `intervall: 10s\n${rest}`);
    const { code, find } = await check({ file });
    assert.equal(code, 2);
    const meant = /did you mean "(\w+)"/.exec(find("configuration")?.says ?? "")?.[1];
    await writeFile(file, `${meant}: 10s\n${rest}`);
    assertGone(await check({ file }), "configuration");
  });

  await t.test("credentials for everybody to read", async () => {
    const headers = { authorization: "Bearer hunter22" };
    await writeFile(file, JSON.stringify({ ...elsewhere, export: [{ ...NOWHERE, headers }] }));
    await chmod(file, 0o644);
    const { find, json } = await check({ file });
    assert.ok(!JSON.stringify(json).includes("hunter22"));
    await follow(find("configuration-secrets")?.mend);
    assertGone(await check({ file }), "configuration-secrets");
  });
}

async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-real-"));
  await chmod(folder, 0o755);
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
