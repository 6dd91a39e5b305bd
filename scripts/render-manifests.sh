#!/usr/bin/env bash
# Writes deploy/kubernetes/, the manifests for those who do not use Helm, from the chart. Needs helm; to be run after
# every change of the chart and of the version. A directory to write to can be given.
set -euo pipefail
cd "$(dirname "$0")/.."

helm=${HELM:-helm}
target=${1:-deploy/kubernetes}

render() {
  local hypervisor=$1
  {
    printf '# Made from the chart by scripts/render-manifests.sh: kubectl apply -f %s.yaml\n' "$hypervisor"
    printf '# Say in the ConfigMap where to send; docs/install-kubernetes.md tells the rest.\n---\n'
    printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kvmeter\n  labels:\n    # Of the host it mounts folders, which no stricter level allows.\n    pod-security.kubernetes.io/enforce: privileged\n'
    # Nobody who applies them has Helm manage them.
    "$helm" template kvmeter deploy/helm/kvmeter --namespace kvmeter --kube-version 1.34.1 \
      --set "hypervisor=$hypervisor" | sed -e '/^# Source: /d' -e '/managed-by: Helm/d' -e 's/^metadata:$/&\n  namespace: kvmeter/'
  } >"$target/$hypervisor.yaml"
}

mkdir -p "$target"
render libvirt
render kubevirt
