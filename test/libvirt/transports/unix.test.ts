import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { connectUnix } from "../../../src/libvirt/transports/unix.ts";
import { FakeDaemon } from "../fake-daemon.ts";

describe("connectUnix", () => {
  let folder = "";
  let missing = "";
  let refusing = "";
  const options = { timeoutMs: 1000 };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "kvmeter-"));
    missing = join(folder, "missing");
    refusing = join(folder, "stale");
    // a file that nobody listens on refuses as a stale socket does
    await writeFile(refusing, "");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("takes the first path that somebody listens on", async () => {
    await using daemon = await FakeDaemon.start();
    const transport = await connectUnix([missing, join(refusing, "x"), refusing, daemon.path], options);
    assert.equal(transport.peer, daemon.path);
    transport.close();
  });

  test("connects to a path that is too long for a socket's address", async () => {
    const deep = join(folder, ...Array.from({ length: 4 }, () => "d".repeat(40)));
    await mkdir(deep, { recursive: true });
    await using daemon = await FakeDaemon.start();
    const path = join(deep, "sock");
    await symlink(daemon.path, path);
    const transport = await connectUnix([path], options);
    assert.equal(transport.socketPath, path);
    transport.close();
    await assert.rejects(connectUnix([`${deep}/x/sock`], options), { code: "LIBVIRT_SOCKET_MISSING" });
  });

  test("names every path when there is none, and how to mend it", async () => {
    await assert.rejects(connectUnix([missing, `${missing}-ro`], options), {
      code: "LIBVIRT_SOCKET_MISSING",
      message: `Cannot connect to libvirt: no socket at ${missing}, ${missing}-ro; start libvirtd or virtqemud, or name its socket in the URI: qemu+unix:///system?socket=/path`,
    });
  });

  test("says that nobody listens", async () => {
    await assert.rejects(connectUnix([refusing, missing], options), {
      code: "LIBVIRT_SOCKET_REFUSED",
      message: /^Cannot connect to .*stale: .*ECONNREFUSED.*; start the daemon/,
    });
  });

  test("says that this user may not", async (context) => {
    const closed = join(folder, "closed");
    await mkdir(closed);
    await chmod(closed, 0);
    if (process.geteuid?.() === 0) {
      // root may everything, so be nobody for a moment
      process.seteuid?.(65_534);
      context.after(() => process.seteuid?.(0));
    }
    await assert.rejects(connectUnix([join(closed, "sock")], options), {
      code: "LIBVIRT_SOCKET_PERMISSION",
      message: /EACCES.*; add the user to the libvirt group/,
    });
  });

  test("gives the signal's reason", async () => {
    await using daemon = await FakeDaemon.start();
    const reason = new Error("enough");
    await assert.rejects(
      connectUnix([daemon.path], { ...options, signal: AbortSignal.abort(reason) }),
      reason,
    );
  });

  test("tells what arrived before anybody listened, and the end", async () => {
    const path = join(folder, "greeting");
    const server = createServer((socket) => socket.end("hello"));
    await new Promise<void>((resolve) => {
      server.listen(path, resolve);
    });
    const transport = await connectUnix([path], options);
    const heard: unknown[] = [];
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        transport.start({
          onData: (chunk) => heard.push(chunk.toString()),
          onClose(cause) {
            heard.push(cause);
            resolve();
          },
        });
      }, 20);
    });
    assert.deepEqual(heard, ["hello", undefined]);
    server.close();
  });
});
