/** A real libvirtd behind real TLS with a real authority, and behind a real sshd, gives what its unix socket gives. */
import assert from "node:assert/strict";
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";

import { connect, getHostname } from "../../src/libvirt/index.ts";
import type { JsonResource } from "../../src/metrics/json.ts";
import { pausedDomains, type TestDomain } from "./bed/guests.ts";
import { type Libvirtd, startHostLibvirtd } from "./bed/libvirtd.ts";
import { type Authority, layOut, makeAuthority } from "./bed/pki.ts";
import { freePorts, run, waitFor } from "./bed/processes.ts";
import { takeDownOwned } from "./bed/records.ts";
import { skipWithout } from "./bed/skip.ts";
import { type Sshd, startSshd } from "./bed/sshd.ts";
import { readOnce, readOnceAt, runKvmeter } from "./kvmeter.ts";

after(takeDownOwned);

const LOOPBACK = "IP:127.0.0.1";

/** A folder that every user may look into, gone when the test is over. */
async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-real-"));
  await chmod(folder, 0o755);
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Metrics of what the kernel says of a domain's process and cgroup: nobody has them from another machine. */
const OF_THIS_KERNEL = /^libvirt\.domain\.(?:process\.|cgroup\.|uptime$)/;

/** Values of all points but those that change while the guest is paused: being asked costs QEMU CPU time and memory. */
function steadyValues({ metrics }: JsonResource): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metrics)
      .filter(([name]) => !/cpu\.|\.rss$/.test(name) && !OF_THIS_KERNEL.test(name))
      .map(([name, { kind, unit, points }]) => [
        name,
        { kind, unit, points: points.map(({ attributes, value }) => ({ attributes, value })) },
      ]),
  );
}

function ofThisKernel({ metrics }: JsonResource): string[] {
  return Object.keys(metrics).filter((name) => OF_THIS_KERNEL.test(name));
}

async function assertEqualsUnixSocket(daemon: Libvirtd, { name }: TestDomain, uri: string): Promise<void> {
  const [local, remote] = [(await readOnce(daemon)).get(name), (await readOnceAt(uri)).get(name)];
  assert.ok(local && remote, `${name} is missing`);
  assert.deepEqual(steadyValues(remote), steadyValues(local));
  assert.ok(Object.keys(steadyValues(remote)).length > 12);
  assert.ok("libvirt.domain.cpu.time" in remote.metrics);
  assert.ok(ofThisKernel(local).length > 3);
  assert.deepEqual(ofThisKernel(remote), []);
  const { "host.id": hostId, ...resource } = remote.resource;
  assert.equal(hostId, undefined);
  assert.deepEqual(
    { ...resource, "host.id": local.resource["host.id"] },
    { "host.id": undefined, ...local.resource },
  );
}

/** What `kvmeter once` says of a URI that does not work. */
async function assertRefused(uri: string, message: RegExp): Promise<void> {
  const { code, stderr } = await runKvmeter(["once", "--connect", uri]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^kvmeter: Cannot [^\n]*\[LIBVIRT_[A-Z]+\]\n$/);
  assert.match(stderr, message);
}

interface TlsBed {
  readonly daemon: Libvirtd;
  readonly domain: TestDomain;
  readonly folder: string;
  readonly authority: Authority;
  readonly port: number;
}

async function startTlsBed(t: TestContext): Promise<TlsBed> {
  const folder = await openFolder(t);
  const authority = await makeAuthority(join(folder, "ca"), "kvmeter test authority");
  const server = await authority.issue("server", { purpose: "serverAuth", names: LOOPBACK });
  const [port = 0] = await freePorts(1);
  const daemon = await startHostLibvirtd({
    args: ["--listen"],
    settings: [
      "listen_tls = 1",
      'listen_addr = "127.0.0.1"',
      `tls_port = "${port}"`,
      `ca_file = "${authority.cert}"`,
      `cert_file = "${server.cert}"`,
      `key_file = "${server.key}"`,
      // It would not start with a certificate that has expired.
      "tls_no_sanity_certificate = 1",
    ],
  });
  t.after(() => daemon.stop());
  const [domain] = await pausedDomains(daemon, 1, { disks: 2, nics: 1, vcpus: 2 });
  assert.ok(domain);
  return { daemon, domain, folder, authority, port };
}

async function refusedCertificates({ daemon, folder, authority, port }: TlsBed): Promise<void> {
  const uriOf = (pki: string, host = "127.0.0.1") => `qemu+tls://${host}:${port}/system?pkipath=${pki}`;
  const at = (name: string) => join(folder, name);
  const ca = authority.cert;
  const other = await makeAuthority(at("other"), "another authority");
  const [client, expired, strange] = [
    await authority.issue("client", { purpose: "clientAuth", names: "DNS:agent" }),
    await authority.issue("expired", { purpose: "clientAuth", names: "DNS:agent", expired: true }),
    await other.issue("strange", { purpose: "clientAuth", names: "DNS:agent" }),
  ];

  const wrongCa = uriOf(await layOut(at("wrong-ca"), { ca: other.cert, client }));
  await assertRefused(
    wrongCa,
    /not signed by the authority in [^ ]*wrong-ca\/cacert\.pem: .*\[LIBVIRT_TLS\]/,
  );
  const good = await layOut(at("good"), { ca, client });
  await assertRefused(uriOf(good, "localhost"), /bears another name: .*\[LIBVIRT_TLS\]/);
  await assertRefused(
    uriOf(await layOut(at("old"), { ca, client: expired })),
    /old\/clientcert\.pem: it expired on 2020-/,
  );
  const strangeUri = uriOf(await layOut(at("strange"), { ca, client: strange }));
  await assertRefused(strangeUri, /does not accept the client certificate [^ ]*strange\/clientcert\.pem: /);
  await assertRefused(uriOf(await layOut(at("none"), { ca })), /none\/clientcert\.pem: no such file; put/);

  const server = { cert: join(folder, "ca/server.pem"), key: join(folder, "ca/server-key.pem") };
  const crl = await authority.revoke(server);
  const revoked = uriOf(await layOut(at("revoked"), { ca, client, crl }));
  await assertRefused(revoked, /was revoked, says [^ ]*revoked\/cacrl\.pem: /);

  const old = await authority.issue("old-server", { purpose: "serverAuth", names: LOOPBACK, expired: true });
  await copyFile(old.cert, server.cert);
  await copyFile(old.key, server.key);
  await daemon.restart();
  await assertRefused(uriOf(good), /has expired or is not valid yet: renew servercert\.pem on its host/);
}

/** A user's own folder, with the authority alone: the daemon lets in nobody without a certificate. */
async function withoutCertificate({ folder, authority, port }: TlsBed): Promise<void> {
  const home = join(folder, "home");
  await layOut(join(home, ".pki/libvirt"), { ca: authority.cert });
  await run("/usr/bin/chown", ["-R", "65534:65534", home]);
  const { HOME } = process.env;
  process.env["HOME"] = home;
  try {
    const user = { uid: 65_534, gid: 65_534 };
    const { code, stderr } = await runKvmeter(["once", "--connect", `qemu://127.0.0.1:${port}/system`], {
      user,
    });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /it wants a client certificate and there is none: put one at \/etc\/pki\/.*\[LIBVIRT_TLS\]\n$/,
    );
  } finally {
    process.env["HOME"] = HOME;
  }
}

test(
  "TLS: the same values as by the unix socket, and each wrong certificate is named",
  { skip: await skipWithout("libvirtd", "openssl"), timeout: 120_000 },
  async (t) => {
    const bed = await startTlsBed(t);
    const { daemon, domain, folder, authority, port } = bed;
    const client = await authority.issue("agent", { purpose: "clientAuth", names: "DNS:agent" });
    const pki = await layOut(join(folder, "agent"), { ca: authority.cert, client });
    const uri = `qemu+tls://127.0.0.1:${port}/system?pkipath=${pki}`;
    await t.test("the values are equal", () => assertEqualsUnixSocket(daemon, domain, uri));
    await t.test("a client without a certificate", () => withoutCertificate(bed));
    await t.test("wrong certificates", () => refusedCertificates(bed));
  },
);

function sshUri({ port, key, knownHosts }: Pick<Sshd, "port" | "key" | "knownHosts">, more = ""): string {
  return `qemu+ssh://root@127.0.0.1:${port}/system?keyfile=${key}&known_hosts=${knownHosts}${more}`;
}

async function assertNoSession(sshd: Sshd): Promise<void> {
  await waitFor(async () => sshd.sessions().length === 0, { what: "the sessions to end", timeoutMs: 5000 });
}

async function lostConnection(sshd: Sshd): Promise<void> {
  await using connection = await connect(sshUri(sshd));
  assert.notEqual(await connection.call(getHostname), "");
  const [session] = sshd.sessions();
  assert.ok(session !== undefined && sshd.sessions().length === 1);
  process.kill(session, "SIGKILL");
  const reason = await connection.closed;
  assert.match(reason?.code ?? "", /^LIBVIRT_DISCONNECTED$/);
  assert.match(reason?.message ?? "", /ssh to root@127\.0\.0\.1 port \d+/);
}

async function refusedSessions(sshd: Sshd): Promise<void> {
  await assertRefused(
    sshUri({ ...sshd, knownHosts: sshd.noKnownHosts }),
    /key is not known; .*\[LIBVIRT_AUTHENTICATION\]/,
  );
  await assertRefused(
    sshUri({ ...sshd, key: sshd.strangeKey }),
    /Permission denied \(publickey\).*\[LIBVIRT_AUTHENTICATION\]/,
  );
  await assertRefused(sshUri({ ...sshd, key: "/nonexistent/key" }), /Permission denied \(publickey\)/);
  await assertRefused(
    sshUri(sshd, "&netcat=/nonexistent/nc&socket=/run/libvirt/libvirt-sock-ro"),
    /not found.*; install virt-ssh-helper.*\[LIBVIRT_CONNECT\]/,
  );
  await assertRefused(
    sshUri(sshd, "&socket=/nonexistent/sock"),
    /no socket at \/nonexistent\/sock .*; start the daemon/,
  );
  const [port = 0] = await freePorts(1);
  await assertRefused(
    sshUri({ ...sshd, port }),
    /Connection refused.*; check host and port.*\[LIBVIRT_CONNECT\]/,
  );
}

test(
  "ssh: the same values as by the unix socket, by virt-ssh-helper and by netcat, and no process stays",
  { skip: await skipWithout("libvirtd", "sshd"), timeout: 120_000 },
  async (t) => {
    const daemon = await startHostLibvirtd();
    t.after(() => daemon.stop());
    const [domain] = await pausedDomains(daemon, 1, { disks: 2, nics: 1, vcpus: 2 });
    assert.ok(domain);
    const sshd = await startSshd();
    t.after(() => sshd.stop());

    const socket = `&socket=${daemon.readOnlySocketPath}`;
    for (const more of ["", "&proxy=native", "&proxy=netcat", socket, "&no_tty=1&mode=legacy"]) {
      await t.test(`the values are equal with ${more || "nothing named"}`, async () => {
        await assertEqualsUnixSocket(daemon, domain, sshUri(sshd, more));
        await assertNoSession(sshd);
      });
    }
    await t.test("the values are equal where there is netcat alone", async (t) => {
      const bare = await startSshd({ programs: ["sh", "nc", "grep"] });
      t.after(() => bare.stop());
      await assertEqualsUnixSocket(daemon, domain, sshUri(bare));
      await assertNoSession(bare);
    });
    await t.test("the values are equal with a key that may run virt-ssh-helper alone", async (t) => {
      const strict = await startSshd({ forcedCommand: "virt-ssh-helper -r qemu:///system" });
      t.after(() => strict.stop());
      await assertEqualsUnixSocket(daemon, domain, sshUri(strict));
    });
    await t.test("a session that dies", () => lostConnection(sshd));
    await t.test("sessions that do not come to be", () => refusedSessions(sshd));
    await t.test("no proxy is left on the far side", async () => {
      await assertNoSession(sshd);
      const left = (await run("/bin/ps", ["-eo", "args"])).match(
        /^(virt-ssh-helper -r|nc -q0 -U|ssh -T -a -x) .*/gm,
      );
      assert.equal(left, null);
    });
  },
);
