#!/usr/bin/env bash
# Fails where a generated file is not what its source says, Go files are not in the
# standard format, vet finds something, the CRDs do not fit those of the last release, or
# go.mod is not tidy. Run it by `make verify`.
#
# What is uncommitted before it starts is no finding, so it is of use while you work; on
# a clean checkout any change by a generator is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

state() { git diff HEAD; git ls-files --others --exclude-standard; }

echo "Generated files"
before=$(state | git hash-object --stdin)
hack/tools/generate.sh
if [ "$before" != "$(state | git hash-object --stdin)" ]; then
  git --no-pager diff --stat HEAD
  git ls-files --others --exclude-standard
  echo "generated files were not up to date: run 'make generate' and commit what it changes" >&2
  exit 1
fi

echo "Format"
mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.go')
unformatted=$(gofmt -l "${sources[@]}")
if [ -n "$unformatted" ]; then
  printf "not in the format of gofmt, run gofmt -w on:\n%s\n" "$unformatted" >&2
  exit 1
fi

echo "Vet"
go vet -tags e2e ./...
(cd hack/cluster && go vet ./cluster/... ./pause/... ./policies/...)
echo "CRDs that fit those of the last release"
go run ./hack/crdcompat

echo "Modules"
for module in . hack/cluster hack/tools hack/tools/helm hack/tools/kustomize-controller hack/tools/lint hack/tools/prometheus hack/tools/sbom; do
  go -C "$module" mod tidy -diff || { echo "go.mod is not tidy: run 'go mod tidy' in $module" >&2; exit 1; }
done

echo "verify: all clean"
