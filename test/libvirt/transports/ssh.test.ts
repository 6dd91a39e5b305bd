import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";

import { connect, type ConnectOptions, listAllDomains } from "../../../src/libvirt/index.ts";
import { simulated } from "../../simulated.ts";
import { until } from "../fake-daemon.ts";
import { fakeSsh, relayTo } from "./fake-ssh.ts";

const URI = "qemu+ssh://root@hypervisor.example/system";

async function refusal(options: ConnectOptions = {}): Promise<Error & { code?: string }> {
  return connect(URI, { timeoutMs: 5000, ...options }).then(
    () => assert.fail("it connected"),
    (error: Error) => error,
  );
}

/** An ssh that says this and ends. */
function says(text: string, exitCode: number): string {
  return `process.stderr.write(${JSON.stringify(text)}, () => process.exit(${exitCode}));`;
}

function isGone(pid: number): boolean {
  // A zombie is still there.
  return !existsSync(`/proc/${pid}`);
}

describe("connectSsh", () => {
  test("speaks to a daemon through ssh, which ends with the connection", async (t) => {
    const simulator = await simulated(t, { domains: 3 });
    const started = await fakeSsh(t, relayTo(simulator.socketPath));
    process.env["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=geheim";
    t.after(() => delete process.env["OTEL_EXPORTER_OTLP_HEADERS"]);
    const connection = await connect(URI);
    assert.equal(connection.socketPath, undefined);
    assert.equal((await connection.call(listAllDomains, { flags: 0 })).length, 3);
    const { args, environment, pid } = await started();
    assert.deepEqual(args.slice(-5, -1), ["-l", "root", "--", "hypervisor.example"]);
    assert.equal(environment["LC_ALL"], "C");
    assert.equal(environment["HOME"], process.env["HOME"]);
    assert.ok(!JSON.stringify(environment).includes("geheim"));
    assert.ok(!isGone(pid));
    await connection.close();
    await until(() => isGone(pid));
    assert.equal(await connection.closed, undefined);
  });

  test("kills an ssh that does not end when it is asked to", async (t) => {
    const simulator = await simulated(t, { domains: 1 });
    const started = await fakeSsh(
      t,
      `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); ${relayTo(simulator.socketPath).replace("process.exit(0)", "undefined")}`,
    );
    const connection = await connect(URI);
    const { pid } = await started();
    await connection.close();
    assert.ok(!isGone(pid));
    await until(() => isGone(pid));
  });

  test("tells what ssh said when the connection is lost", async (t) => {
    const simulator = await simulated(t, { domains: 1 });
    const end =
      'process.stderr.write("client_loop: send disconnect: Broken pipe\\r\\n", () => process.exit(255))';
    const started = await fakeSsh(t, relayTo(simulator.socketPath).replace("process.exit(0)", end));
    await using connection = await connect(URI);
    await simulator.stop();
    const reason = await connection.closed;
    assert.equal(reason?.code, "LIBVIRT_DISCONNECTED");
    assert.match(reason.message, /ssh to root@hypervisor\.example.*Broken pipe \(exit code 255\)$/);
    const { pid } = await started();
    await until(() => isGone(pid));
  });

  const failures: [string, string, number, string, RegExp][] = [
    [
      "a key that is not accepted",
      "Warning: x\r\nroot@h: Permission denied (publickey).\r\n",
      255,
      "LIBVIRT_AUTHENTICATION",
      /^Cannot reach libvirt over ssh to root@hypervisor\.example: Warning: x \/ root@h: Permission denied \(publickey\)\. \(exit code 255\); put a key/,
    ],
    [
      "an unknown host key",
      "No ED25519 host key is known for h and you have requested strict checking.\r\nHost key verification failed.\r\n",
      255,
      "LIBVIRT_AUTHENTICATION",
      /the host's key is not known; put it into known_hosts/,
    ],
    [
      "a host key that changed",
      "@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@@\r\nHost key verification failed.\r\n",
      255,
      "LIBVIRT_AUTHENTICATION",
      /the host's key is another than known_hosts has/,
    ],
    [
      "nobody that listens",
      "ssh: connect to host h port 22: Connection refused\r\n",
      255,
      "LIBVIRT_CONNECT",
      /Connection refused \(exit code 255\); check host and port/,
    ],
    [
      "no proxy there",
      "sh: 1: nc: not found\n",
      127,
      "LIBVIRT_CONNECT",
      /nc: not found.*; install virt-ssh-helper/,
    ],
    [
      "no daemon there",
      "virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock-ro': Failed to connect socket\n",
      1,
      "LIBVIRT_CONNECT",
      /; start the daemon on that host/,
    ],
    ["nothing at all", "", 3, "LIBVIRT_DISCONNECTED", /: ssh ended with exit code 3$/],
    [
      "tricks for terminals",
      "a\u001b]0;b\u0007c\u202ed\n",
      1,
      "LIBVIRT_DISCONNECTED",
      /: a \]0;b c d \(exit code 1\)$/,
    ],
  ];
  for (const [what, text, exitCode, code, message] of failures) {
    test(`tells ${what}`, async (t) => {
      await fakeSsh(t, says(text, exitCode));
      const error = await refusal();
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
    });
  }

  test("keeps little of an ssh that never stops talking", async (t) => {
    await fakeSsh(t, says(`${"x".repeat(1_000_000)}end\n`, 1));
    const { message } = await refusal();
    assert.ok(message.length < 700, String(message.length));
  });

  test("waits no longer than it may, and leaves no process", async (t) => {
    const started = await fakeSsh(t, 'process.stderr.write("Waiting\\n"); setInterval(() => {}, 1000);');
    const { code, message } = await refusal({ timeoutMs: 700 });
    assert.equal(code, "LIBVIRT_DEADLINE");
    assert.match(message, /no answer in time, only: Waiting; check that the host is up/);
    const { pid } = await started();
    await until(() => isGone(pid));
  });

  test("ends by the signal, with its reason", async (t) => {
    const started = await fakeSsh(t, "setInterval(() => {}, 1000);");
    const reason = new Error("enough");
    assert.equal(await refusal({ signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 400);
    assert.equal(await refusal({ signal: controller.signal }), reason);
    const { pid } = await started();
    await until(() => isGone(pid));
  });

  test("says that there is no ssh", async (t) => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nonexistent";
    t.after(() => {
      process.env["PATH"] = path;
    });
    const { code, message } = await refusal();
    assert.equal(code, "LIBVIRT_CONNECT");
    assert.match(message, /there is no ssh in PATH; install OpenSSH's client$/);
  });
});
