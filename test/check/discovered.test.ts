import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { checkHypervisors } from "../../src/check/discovered.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { startSimulator } from "../../src/simulator/index.ts";

const { signal } = new AbortController();
const { configuration } = loadConfiguration({ env: {} });

test("each daemon that a pattern finds is looked at, and what a pod left behind is no fault", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-check-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const pod of ["a", "b", "completed"]) await mkdir(join(folder, pod));
  for (const [index, pod] of ["a", "b"].entries()) {
    const simulator = await startSimulator({
      socketPath: join(folder, pod, "sock"),
      domains: 1,
      seed: index + 1,
    });
    t.after(() => simulator.stop());
  }
  const server = createServer().listen(join(folder, "sock"));
  await new Promise((done) => server.once("listening", done));
  await rename(join(folder, "sock"), join(folder, "completed/sock"));
  await new Promise((done) => server.close(done));

  const uri = `qemu+unix:///system?socket=${folder}/*/sock`;
  const checks = await checkHypervisors({ uri, timeoutMs: 2000 }, { configuration, signal });
  const connections = checks
    .flatMap(({ findings }) => findings)
    .filter(({ id }) => id === "libvirt-connection");
  assert.deepEqual(
    connections.map(({ subject, state }) => [subject, state]),
    [uri, ...["a", "b"].map((pod) => uri.replace("*", pod))].map((subject) => [subject, "ok"]),
  );
  assert.equal(connections[0]?.says, "it finds 3 sockets");
  assert.equal(checks.filter(({ reading }) => reading?.domains.length === 1).length, 2);
});

test("a folder that is not there is told, as any hypervisor that cannot be reached", async () => {
  const uri = "qemu+unix:///session?socket=/nonexistent/*/sock";
  const [check] = await checkHypervisors({ uri, timeoutMs: 2000 }, { configuration, signal });
  const [finding] = check?.findings ?? [];
  assert.deepEqual([finding?.id, finding?.code], ["libvirt-connection", "LIBVIRT_SOCKET_MISSING"]);
});
