import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { findSockets, socketPatternOf, uriOfSocket } from "../../src/libvirt/discover-sockets.ts";
import { parseLibvirtUri } from "../../src/libvirt/uri.ts";

const patternOf = (uri: string): string | undefined => socketPatternOf(parseLibvirtUri(uri));

test("a pattern is what a unix URI's socket has with a star", () => {
  assert.equal(patternOf("qemu+unix:///session?socket=/pods/*/sock"), "/pods/*/sock");
  assert.equal(patternOf("qemu:///session?socket=/pods/*/sock"), "/pods/*/sock");
  assert.equal(patternOf("qemu:///session?socket=/pods/a/sock"), undefined);
  assert.equal(patternOf("qemu:///system"), undefined);
  assert.equal(patternOf("qemu+ssh://host/system?socket=/pods/*/sock"), undefined);
});

test("each socket has a URI that leads to it and keeps all else", () => {
  const pattern = parseLibvirtUri("qemu:///session?socket=/pods/*/sock&mode=direct");
  const path = "/pods/a&b/kubernetes.io~empty-dir/virtqemud-sock";
  const one = parseLibvirtUri(uriOfSocket(pattern, path));
  assert.equal(one.socket, path);
  assert.equal(one.mode, "direct");
  assert.equal(one.path, "/session");
  assert.equal(one.openUri, "qemu:///session");
});

test("what is found are sockets, in every folder that fits", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const pod of ["a/x-1", "b/x-2", "b/y", "c"]) await mkdir(join(folder, pod), { recursive: true });
  await writeFile(join(folder, "c/sock"), "a file");
  const sockets = [join(folder, "a/x-1/sock"), join(folder, "b/x-2/sock"), join(folder, "b/y/sock")];
  for (const path of sockets) {
    const server = createServer().listen(path);
    t.after(() => server.close());
  }
  assert.deepEqual(await findSockets(`${folder}/*/x-*/sock`), sockets.slice(0, 2));
  assert.deepEqual(await findSockets(`${folder}/*/*/so*`), sockets);
  assert.deepEqual(await findSockets(`${folder}/*/nothing`), []);
});

test("a folder that may not be listed is an error, one that may not be searched may have a socket", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kvmeter-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "closed"), { mode: 0o700 });
  const uid = process.geteuid?.();
  if (uid !== 0) {
    await chmod(join(folder, "closed"), 0);
    assert.deepEqual(await findSockets(`${folder}/*/sock`), [join(folder, "closed/sock")]);
    await chmod(folder, 0);
    await assert.rejects(findSockets(`${folder}/*/sock`), { code: "LIBVIRT_SOCKET_PERMISSION" });
    await chmod(folder, 0o700);
    return;
  }
  await chmod(folder, 0o755);
  process.seteuid?.(65_534);
  try {
    assert.deepEqual(await findSockets(`${folder}/*/sock`), [join(folder, "closed/sock")]);
    await assert.rejects(findSockets(`${folder}/closed/*`), { code: "LIBVIRT_SOCKET_PERMISSION" });
  } finally {
    process.seteuid?.(0);
  }
});
