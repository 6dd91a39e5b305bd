#!/usr/bin/env bash
# Builds the repository's Dockerfile with buildah and lays out the image's files. No registry is asked: the image that it
# is built with is made of a fresh Debian, of the node that runs this repository's scripts and of this machine's npm, which
# takes packages from its cache.
# build.sh REPOSITORY DEBIAN NODE TARGET: TARGET/tree has the files, TARGET/image.json what else the image says.
set -euo pipefail
repository=$1 debian=$2 node=$3 target=$4

mkdir -p "$target"
export CONTAINERS_STORAGE_CONF=$target/storage.conf BUILDAH_ISOLATION=chroot
cat >"$CONTAINERS_STORAGE_CONF" <<END
[storage]
driver = "overlay"
graphroot = "$target/storage"
runroot = "$target/run"
END

base=localhost/node:$("$node" --version)
if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  container=$(buildah from scratch)
  root=$(buildah mount "$container")
  cp -a "$debian/." "$root/"
  install -D -m 755 "$node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -aL "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  buildah config --env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --rm "$container" "$base"
fi

printf 'offline=true\ncache=/npm-cache\n' >"$target/npmrc"
image=localhost/kvmeter:bed
# Only the format of Docker has health checks.
buildah build --format docker --pull-never --layers=false --network none --build-arg "NODE_IMAGE=$base" \
  --volume "$(npm config get cache):/npm-cache" --volume "$target/npmrc:/root/.npmrc:ro" --tag "$image" "$repository"
buildah inspect --type image "$image" >"$target/image.json"
container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
rm -rf "$target/tree"
cp -a "$root" "$target/tree"
buildah rm "$container" >/dev/null
buildah rmi --prune --force >/dev/null
