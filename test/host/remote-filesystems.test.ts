import assert from "node:assert/strict";
import { test } from "node:test";

import { isRemoteFilesystem } from "../../src/host/remote-filesystems.ts";

test("what another machine or a program answers for is remote, whatever the program's name", () => {
  const types = ["nfs", "nfs4", "cifs", "ceph", "9p", "autofs", "fuse", "fuseblk", "fuse.sshfs", "fuse.a.b"];
  assert.deepEqual(types.filter(isRemoteFilesystem), types);
});

test("what the kernel answers for by itself is not, however near its name", () => {
  const types = ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fusectl", "nfsd", "", ".nfs"];
  assert.deepEqual(types.filter(isRemoteFilesystem), []);
});
