#!/usr/bin/env bash
# Runs a command in the files of an image as a container runtime does with --read-only and --cap-drop ALL: its own mounts
# and processes, the image's user, no capabilities. Needs namespaces of its own: unshare --mount --pid --fork.
# run.sh TREE LIBVIRT-FOLDER USER ENVIRONMENT… -- COMMAND…
set -euo pipefail
tree=$1 libvirt=$2 user=$3
shift 3
environment=()
while [[ $1 != -- ]]; do
  environment+=("$1")
  shift
done
shift

# A runtime makes the folders on which it mounts, too.
mkdir -p "$tree"/{run/libvirt,host/proc,host/sys}
mount --bind "$tree" "$tree"
mount --bind -o ro "$libvirt" "$tree/run/libvirt"
mount --rbind /proc "$tree/host/proc"
mount --rbind /sys "$tree/host/sys"
mount -t tmpfs -o "uid=${user%:*},gid=${user#*:},mode=700" state "$tree/var/lib/kvmeter"
mount -t proc proc "$tree/proc"
mount -o remount,bind,ro "$tree"
exec env -i "${environment[@]}" /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec="$user" --groups="" "$tree" "$@"
