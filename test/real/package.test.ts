/**
 * The Debian package on machines without Node, each with systemd and a libvirtd of its own: what it installs works as
 * an unprivileged user under the unit's restrictions, an upgrade keeps what is the administrator's and what is not
 * delivered yet, and a purge leaves nothing.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { promisify } from "node:util";

import type { JsonResource } from "../../src/metrics/json.ts";
import { type ReceivedResource, startReceiver } from "../../src/receiver/receiver.ts";
import { domainXml } from "./bed/domain-xml.ts";
import { bootMachine, type Machine } from "./bed/machine.ts";
import { paths, repositoryRoot } from "./bed/parts.ts";
import { freePorts, waitFor } from "./bed/processes.ts";
import { skipWithout } from "./bed/skip.ts";

const MACHINES = { "Debian 12, libvirt 9.0": paths.stableRoot, "Debian unstable": paths.newerRoot };
const DOMAIN = { name: "web1", uuid: "0d3bc3a1-6f5c-4f52-9f0f-5d2b1c7a9e01" } as const;
const TOKEN = "s3cret-token-of-the-test";
const PREVIOUS = "0.0.1-1";
const CONFIGURATION = "/etc/kvmeter/kvmeter.yaml";

/** A watchdog of seconds instead of a minute, and no patience with a process that does not stop. */
const DROP_IN = `[Service]
WatchdogSec=2s
TimeoutStopSec=1s
RestartSec=100ms
`;

const skip = await skipWithout("machines");
const build = mkdtempSync(join(tmpdir(), "kvmeter-package-"));
let previous = "";
let current = "";

const script = (name: string, ...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [join(repositoryRoot, "scripts", name), ...args]);

before(async () => {
  if (skip !== false) return;
  let { KVMETER_EXECUTABLE: executable } = process.env;
  if (executable === undefined) {
    await script("build-executable.ts", "--out", build);
    executable = join(build, `kvmeter-linux-${process.arch}`);
  }
  const deb = async (...args: readonly string[]) => {
    const common = ["--executable", executable, "--out", build, "--compression", "zstd"];
    return (await script("package-deb.ts", ...common, ...args)).stdout.trim();
  };
  [previous, current] = [await deb("--version", PREVIOUS), await deb()];
});
after(() => rmSync(build, { recursive: true }));

for (const [name, base] of Object.entries(MACHINES)) {
  test(`the package on ${name}`, { skip, timeout: 150_000 }, async (t) => {
    const machine = await bootMachine(base);
    t.after(() => machine.stop());
    await packageOn(t, machine);
  });
}

/** One after the other, each on what the one before has left. */
async function packageOn(t: TestContext, machine: Machine): Promise<void> {
  const [port = 0] = await freePorts(1);
  const steps: Readonly<Record<string, () => Promise<void>>> = {
    "there is no Node": async () => assert.equal(await machine.run("command -v node nodejs npm || true"), ""),
    "it installs": () => installs(machine),
    "what it installs reads the libvirtd that is there, without any right": () => reads(machine),
    "the unit is exposed to little": () => exposed(t, machine),
    "the service is ready, and has the unit's restrictions": () => serves(machine, port),
    "an upgrade keeps the configuration and what waits": () => upgrades(machine, port),
    "one that does not cycle is restarted": () => watched(machine),
    "a purge leaves nothing": () => purges(machine),
  };
  for (const [what, step] of Object.entries(steps)) {
    const begun = performance.now();
    await step();
    t.diagnostic(`${what}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
}

async function install(machine: Machine, deb: string): Promise<void> {
  const inside = `/root/${basename(deb)}`;
  copyFileSync(deb, join(machine.root, inside));
  await machine.run(`dpkg --install ${inside} && rm ${inside}`);
}

const show = (machine: Machine, property: string) =>
  machine.run(`systemctl show --value --property ${property} kvmeter.service`);

const version = (machine: Machine) => machine.run("dpkg-query --show --showformat '${Version}' kvmeter");

async function installs(machine: Machine): Promise<void> {
  await install(machine, previous);
  assert.equal(await version(machine), PREVIOUS);
  assert.match(await machine.run("id --name --groups kvmeter"), /^kvmeter libvirt$/);
  assert.match(await machine.run("getent passwd kvmeter"), /:\/usr\/sbin\/nologin$/);
  assert.equal(await machine.run(`stat --format '%U:%G %a' ${CONFIGURATION}`), "root:kvmeter 640");
  assert.equal(await machine.run("dpkg --verify kvmeter"), "");
  // Who has not said where to send has not started it.
  assert.equal(await show(machine, "ActiveState"), "inactive");
  assert.equal(await machine.run("systemctl is-enabled kvmeter.service || true"), "disabled");
  assert.match(await machine.run("kvmeter version"), /^kvmeter \d+\.\d+\.\d+ \(commit [0-9a-f]{40}/);
  await machine.run("kvmeter config validate --config /etc/kvmeter/kvmeter.yaml");
  await machine.run("bash -nc '. /usr/share/bash-completion/completions/kvmeter'");
}

async function reads(machine: Machine): Promise<void> {
  const xml = domainXml({ ...DOMAIN, memoryMib: 32, vcpus: 1, disks: [], nics: [] });
  writeFileSync(join(machine.root, "root/domain.xml"), xml);
  await machine.run("virsh --connect qemu:///system create --paused /root/domain.xml");
  const asNobody = "setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs";
  for (const user of ["runuser -u kvmeter --", asNobody]) {
    const resources = JSON.parse(
      await machine.run(`${user} kvmeter once --format json 2>/dev/null`),
    ) as JsonResource[];
    const domain = resources.find(({ resource }) => resource["libvirt.domain.name"] === DOMAIN.name);
    assert.equal(domain?.resource["libvirt.domain.uuid"], DOMAIN.uuid);
    const limit = domain?.metrics["libvirt.domain.memory.limit"]?.points[0]?.value;
    assert.equal(limit, 32 * 2 ** 20);
  }
  // It ends with 1, since nobody takes yet what it would send.
  const checked = await machine.run(
    `runuser -u kvmeter -- kvmeter check -c ${CONFIGURATION} --format json 2>/dev/null || true`,
  );
  const { findings } = JSON.parse(checked) as { findings: readonly Finding[] };
  const failed = findings.filter(({ state }) => state === "fail").map(({ area }) => area);
  assert.deepEqual(new Set(failed), new Set(["destinations"]), checked);
  assert.ok(
    findings.some(({ area, state }) => area === "libvirt" && state === "ok"),
    checked,
  );
}

/** What `kvmeter check` finds. */
interface Finding {
  readonly area: string;
  readonly state: string;
}

async function exposed(t: TestContext, machine: Machine): Promise<void> {
  const unit = "/usr/lib/systemd/system/kvmeter.service";
  const told = await machine.run(`systemd-analyze security --offline=yes --threshold=20 ${unit}`);
  t.diagnostic(/Overall exposure level.*\d/.exec(told)?.[0] ?? told);
}

/** The administrator's own configuration, and a secret that systemd hands over. */
async function serves(machine: Machine, port: number): Promise<void> {
  const yaml = `interval: 500ms
state_directory: /var/lib/kvmeter
export:
  - preset: collector
    protocol: http/protobuf
    endpoint: http://127.0.0.1:${port}
    headers: { authorization: "Bearer \${file:/run/credentials/kvmeter.service/secret_token}" }
`;
  writeFileSync(join(machine.root, CONFIGURATION), yaml);
  writeFileSync(join(machine.root, "etc/kvmeter/credentials/token"), `${TOKEN}\n`, { mode: 0o600 });
  await machine.run("mkdir /etc/systemd/system/kvmeter.service.d");
  writeFileSync(join(machine.root, "etc/systemd/system/kvmeter.service.d/test.conf"), DROP_IN);
  // Comes back when the first cycle has ended.
  await machine.run("systemctl daemon-reload && systemctl enable --now kvmeter.service 2>/dev/null");
  assert.equal(
    await show(machine, "StatusText"),
    "no destination has taken data yet: collector, collector/logs",
  );
  const pid = await show(machine, "MainPID");
  const status = await machine.run(`cat /proc/${pid}/status`);
  const uid = await machine.run("id --user kvmeter");
  assert.match(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, "m"));
  for (const line of [/^CapEff:\s+0+$/m, /^CapBnd:\s+0+$/m, /^NoNewPrivs:\s+1$/m, /^Seccomp:\s+2$/m]) {
    assert.match(status, line);
  }
  // Its group may manage virtual machines, but it cannot reach the sockets for that.
  const reach = (path: string) =>
    machine.run(`stat --format %a /proc/${pid}/root/run/libvirt/${path} 2>/dev/null || echo none`);
  assert.deepEqual([await reach("libvirt-sock"), await reach("libvirt-sock-ro")], ["0", "666"]);
}

/** What arrives. */
interface Arrived {
  readonly resources: readonly ReceivedResource[];
  readonly authorization: string | undefined;
}

async function upgrades(machine: Machine, port: number): Promise<void> {
  const before = readFileSync(join(machine.root, CONFIGURATION), "utf8");
  const pid = await show(machine, "MainPID");
  const upgradedNs = BigInt(Date.now()) * 1_000_000n;
  await install(machine, current);
  assert.notEqual(await version(machine), PREVIOUS);
  assert.equal(readFileSync(join(machine.root, CONFIGURATION), "utf8"), before);
  assert.equal(await machine.run(`stat --format '%U:%G %a' ${CONFIGURATION}`), "root:kvmeter 640");
  assert.equal(await show(machine, "ActiveState"), "active");
  assert.notEqual(await show(machine, "MainPID"), pid);

  const arrived: Arrived[] = [];
  const receiver = await startReceiver({
    protocol: "http/protobuf",
    port,
    onMetrics: (resources, { headers }) =>
      arrived.push({ resources, authorization: headers["authorization"] }),
  });
  try {
    const timesNs = () =>
      arrived.flatMap(({ resources }) =>
        resources
          .filter(({ attributes }) => attributes["libvirt.domain.name"] === DOMAIN.name)
          .flatMap(({ metrics }) => metrics.filter(({ name }) => name === "libvirt.domain.memory.limit"))
          .flatMap(({ points }) => points.map(({ timeNs }) => timeNs)),
      );
    await waitFor(async () => timesNs().some((timeNs) => timeNs > upgradedNs), {
      what: "points of the new version",
    });
    await waitFor(async () => timesNs().some((timeNs) => timeNs < upgradedNs), {
      what: "points that the previous version had queued",
    });
    const authorizations = new Set(arrived.map(({ authorization }) => authorization));
    assert.deepEqual(authorizations, new Set([`Bearer ${TOKEN}`]));
    await waitFor(async () => (await show(machine, "StatusText")).startsWith("reading 1 of 1"), {
      what: "the status to say that it reads and sends",
    });
  } finally {
    await receiver.close();
  }
}

async function watched(machine: Machine): Promise<void> {
  assert.equal(await show(machine, "NRestarts"), "0");
  const pid = await show(machine, "MainPID");
  assert.notEqual(pid, "0");
  await machine.run(`kill -STOP ${pid}`);
  await waitFor(async () => (await show(machine, "NRestarts")) === "1", { what: "the watchdog" });
  await waitFor(async () => (await show(machine, "ActiveState")) === "active", { what: "the next one" });
  assert.notEqual(await show(machine, "MainPID"), pid);
}

async function purges(machine: Machine): Promise<void> {
  await machine.run("dpkg --remove kvmeter");
  assert.equal(await show(machine, "ActiveState"), "inactive");
  // Until it is purged, what is the administrator's stays, and so does what waits.
  await machine.run(`test -s ${CONFIGURATION} && test -s /var/lib/kvmeter/kvmeter.db`);
  await machine.run("dpkg --purge kvmeter && rm -r /etc/systemd/system/kvmeter.service.d");
  assert.equal(await machine.run("find / /run -xdev -iname '*kvmeter*' -not -path '/proc/*'"), "");
  const known = await machine.run("grep -l kvmeter /etc/passwd /etc/group /etc/shadow /etc/gshadow || true");
  assert.equal(known, "");
}
