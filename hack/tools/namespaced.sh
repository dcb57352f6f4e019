#!/usr/bin/env bash
# Writes a kustomize overlay for an operator that works in listed namespaces only:
#
#	hack/tools/namespaced.sh DIR OPERATOR_NAMESPACE CLUSTER_ID NAMESPACE...
#
# DIR is a folder of this checkout. Keep it in Git, apply it as it is, or add to it. The
# namespaces must be there before it is applied, but for the operator's own.
set -euo pipefail

[ $# -ge 4 ] || { echo "usage: $0 DIR OPERATOR_NAMESPACE CLUSTER_ID NAMESPACE..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
operator=$2 cluster=$3
shift 3
case $dir/ in "$root"/*) ;; *) echo "$dir is not in $root: kustomize reads config/namespaced by a path from there" >&2; exit 2 ;; esac
config=$(realpath --relative-to="$dir" "$root/config/namespaced")
list=$(IFS=,; echo "$*")

cat >"$dir/kustomization.yaml" <<EOF
# Written by hack/tools/namespaced.sh.
resources: [operator, watched/$(echo "$list" | sed 's#,#, watched/#g')]
EOF

mkdir -p "$dir/operator"
cat >"$dir/operator/kustomization.yaml" <<EOF
# Written by hack/tools/namespaced.sh.
namespace: $operator
resources: [../$config]
patches:
  - target: {kind: Deployment, name: foyer-manager}
    patch: |-
      - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--watch-namespaces=$list"}
      - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--cluster-id=$cluster"}
EOF

for namespace in "$@"; do
  mkdir -p "$dir/watched/$namespace"
  cat >"$dir/watched/$namespace/kustomization.yaml" <<EOF
# Written by hack/tools/namespaced.sh.
namespace: $namespace
resources: [../../$config/watched]
patches:
  - target: {kind: RoleBinding, name: foyer-manager-watched}
    patch: |-
      - {op: replace, path: /subjects/0/namespace, value: $operator}
EOF
done
