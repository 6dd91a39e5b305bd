import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import type { CheckJson } from "../../src/check/json.ts";
import { loadCommand } from "../../src/cli/help.ts";
import { startReceiver } from "../../src/receiver/receiver.ts";
import { collectingContext } from "../cli/context.ts";
import { simulated } from "../simulated.ts";

const directory = mkdtempSync(join(tmpdir(), "kvmeter-check-"));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, "kvmeter.yaml");
const state = join(directory, "state");

async function run(...args: string[]) {
  const { texts, context } = collectingContext();
  const code = await (await loadCommand("check")).run(args, context);
  return { code, text: texts.stdout };
}

async function runJson(...args: string[]) {
  const { code, text } = await run("--format", "json", ...args);
  const json = JSON.parse(text) as CheckJson;
  const of = (id: string) => json.findings.filter((finding) => finding.id === id);
  return { code, json, of };
}

function write(yaml: string, mode = 0o600): void {
  writeFileSync(file, yaml);
  chmodSync(file, mode);
}

const receiver = await startReceiver({ protocol: "http/protobuf", onMetrics: () => undefined });
after(() => receiver.close());

const yamlOf = (uri: string, more = "") => `
libvirt: [{ uri: "${uri}" }]
host: { enabled: false }
state_directory: "${state}"
export: [{ preset: collector, protocol: http/protobuf, endpoint: "${new URL(receiver.endpoint).origin}", signals: [metrics], headers: { authorization: hunter22 } }]
${more}`;

test("a healthy set-up: exit code 0, nothing left behind, no secret shown", async (t) => {
  const { uri } = await simulated(t, { domains: 3, shape: { timedDisks: true, kvm: true } });
  write(yamlOf(uri));
  const { code, json, of } = await runJson("-c", file);
  assert.equal(json.counts.fail, 0, JSON.stringify(json));
  assert.equal(code, 0);
  assert.match(of("libvirt-connection")[0]?.says ?? "", /libvirt 12\.8\.0, QEMU 11\.1\.0/);
  assert.match(
    of("vm-xml")[0]?.says ?? "",
    /^3 VMs, 3 of them active, \d with OpenStack's metadata; 3 lack nothing/,
  );
  assert.equal(of("clock-off")[0]?.state, "ok");
  assert.equal(of("host-off")[0]?.state, "skip");
  assert.deepEqual(readdirSync(directory), ["kvmeter.yaml"]);
  const { text } = await run("-c", file);
  assert.doesNotMatch(text, /hunter22/);
  // The simulator's domains have no processes.
  assert.match(text, /^ {2}warn {2}.*Cannot see the QEMU processes of 3 running domains/m);
  assert.equal((await run("-c", file, "--strict")).code, 1);
});

test("what VMs lack is told of each, and mended it is gone", async (t) => {
  const { uri } = await simulated(t, { domains: 4, shape: { balloonPeriodS: 0 } });
  write(yamlOf(uri));
  const { code, of } = await runJson("-c", file);
  assert.equal(code, 0);
  assert.deepEqual(
    of("vm-balloon-period").map(({ subject }) => subject),
    ["vm-0", "vm-1", "vm-2", "vm-3"],
  );
  const mended = await simulated(t, { domains: 4, shape: { balloonPeriodS: 10 } });
  write(yamlOf(mended.uri));
  assert.deepEqual((await runJson("-c", file)).of("vm-balloon-period"), []);
});

test("a VM that hangs neither holds it up nor hides the others", async (t) => {
  const { uri } = await simulated(t, {
    domains: 6,
    shape: { balloonPeriodS: 0 },
    faults: [{ kind: "hang", domain: "vm-2" }],
  });
  write(yamlOf(uri));
  const begunMs = performance.now();
  const { code, of } = await runJson("-c", file);
  assert.ok(performance.now() - begunMs < 15_000);
  assert.equal(code, 1);
  assert.match(
    of("libvirt-reading")[0]?.says ?? "",
    /^Cannot read all statistics of vm-2: QEMU does not answer/,
  );
  assert.equal(of("vm-balloon-period").length, 6);
});

test("a daemon without an answer is told within its timeout, and the rest all the same", async (t) => {
  const { uri } = await simulated(t, { faults: [{ kind: "delay", ms: 60_000 }] });
  write(yamlOf(uri).replace(`uri: "${uri}"`, `uri: "${uri}", timeout: 500ms`));
  const { code, of } = await runJson("-c", file);
  assert.equal(code, 1);
  assert.equal(of("libvirt-connection")[0]?.code, "LIBVIRT_DEADLINE");
  assert.equal(of("destination")[0]?.state, "ok");
});

test("reading that does not fit into the interval, and an interval that it fits into", async (t) => {
  const slow = { kind: "delay", ms: 1100, procedure: "CONNECT_GET_ALL_DOMAIN_STATS" } as const;
  const { uri } = await simulated(t, { domains: 2, faults: [slow] });
  write(yamlOf(uri, "interval: 1s"));
  const [found] = (await runJson("-c", file)).of("libvirt-slow");
  assert.match(found?.says ?? "", /^reading everything takes 1\d{3} ms, the interval is 1s$/);
  assert.equal(found?.mend, "interval: 3s");
  write(yamlOf(uri, found?.mend));
  assert.deepEqual((await runJson("-c", file)).of("libvirt-slow"), []);
});

test("XML that the daemon does not give", async (t) => {
  const denied = { kind: "error", procedure: "DOMAIN_GET_XML_DESC", code: 88 } as const;
  const { uri } = await simulated(t, { domains: 2, faults: [denied] });
  write(yamlOf(uri));
  const { of } = await runJson("-c", file);
  assert.deepEqual(
    of("vm-xml").map(({ state, subject }) => `${state} ${subject}`),
    [`ok ${uri}`, "warn vm-0", "warn vm-1"],
  );
  assert.match(of("vm-xml")[0]?.says ?? "", /; 0 lack nothing/);
  assert.equal(of("vm-xml")[1]?.code, "LIBVIRT_REPLY");
});

test("no VM is chosen, or there is none", async (t) => {
  const { uri } = await simulated(t, { domains: 2 });
  write(yamlOf(uri, "domains: { exclude: ['vm-*'] }"));
  const { of } = await runJson("-c", file);
  assert.match(of("libvirt-none-chosen")[0]?.says ?? "", /choose none of its 2 VMs$/);
  assert.equal(of("libvirt-none-chosen")[0]?.mend, 'domains: { include: ["*"], exclude: [] }');
  const empty = await simulated(t, { domains: 0 });
  write(yamlOf(empty.uri));
  assert.equal((await runJson("-c", file)).of("libvirt-reading")[0]?.says, "it has no VMs");
});

test("a configuration that cannot be used: exit code 2, all its problems", async () => {
  write("interval: 10\nstate_directry: /s\n");
  const { code, json } = await runJson("-c", file);
  assert.equal(code, 2);
  assert.equal(json.findings.length, 2);
  assert.match(json.findings[1]?.says ?? "", /did you mean "state_directory"/);
  const missing = await runJson("-c", join(directory, "none.yaml"));
  assert.equal(missing.code, 2);
  assert.equal(missing.json.findings[0]?.code, "CONFIG_UNREADABLE");
});

test("a file with credentials that everybody can read", async (t) => {
  const { uri } = await simulated(t, { domains: 1 });
  write(yamlOf(uri), 0o644);
  const [found] = (await runJson("-c", file)).of("configuration-secrets");
  assert.equal(found?.mend, `chmod o-rwx ${file}`);
  chmodSync(file, 0o640);
  assert.deepEqual((await runJson("-c", file)).of("configuration-secrets"), []);
});

test("an interrupt ends it in order", async () => {
  write(yamlOf("qemu+unix:///system?socket=/nowhere"));
  const { texts, context } = collectingContext({ signal: AbortSignal.abort() });
  assert.equal(await (await loadCommand("check")).run(["-c", file], context), 1);
  assert.equal(texts.stdout, "");
});
