/**
 * Types of file systems, as the table of mounts names them, for which another machine or a program answers: they can keep
 * who asks waiting for ever. Those that util-linux (mnt_fstype_is_netfs) and libvirt (virFileIsSharedFS) take for such,
 * the other network file systems of the kernel's fs/, FUSE, and autofs, where a look makes a mount.
 */
const REMOTE: ReadonlySet<string> = new Set([
  "9p",
  "acfs",
  "afs",
  "autofs",
  "beegfs",
  "ceph",
  "cifs",
  "coda",
  "fuse",
  "fuseblk",
  "gfs",
  "gfs2",
  "glusterfs",
  "gpfs",
  "lustre",
  "ncpfs",
  "nfs",
  "nfs4",
  "ocfs2",
  "pvfs2",
  "smb3",
  "smbfs",
  "virtiofs",
]);

/** Can a file system of this type wait for another machine, or for a program? */
export function isRemoteFilesystem(type: string): boolean {
  // fuse.sshfs: a program's own name comes after the kernel's.
  return REMOTE.has(type.split(".", 1)[0] ?? type);
}
