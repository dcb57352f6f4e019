#!/usr/bin/env bash
# Writes every generated file of the checkout. Run it by `make generate`, which builds
# controller-gen first.
set -euo pipefail
cd "$(dirname "$0")/../.."

echo "  deep copies, apply configurations and CRDs of api/v1alpha1"
bin/controller-gen object applyconfiguration crd paths=./api/v1alpha1 output:crd:dir=config/crd/bases

echo "  the reference of the kinds"
go run ./hack/apidocs

echo "  the operator's ClusterRole, from the markers in controllers, and the same as a Role"
bin/controller-gen rbac:roleName=foyer-manager paths=./controllers output:rbac:dir=config/rbac
sed -e 's/^kind: ClusterRole$/kind: Role/' -e 's/^  name: foyer-manager$/  name: foyer-manager-watched/' \
  config/rbac/role.yaml >config/namespaced/watched/role.yaml

echo "  the parts of the Helm chart that follow from config and from its values"
go run ./hack/chart

echo "  Go code of the pages' templates"
go tool templ generate -log-level warn

echo "  the OpenAPI document of the integration API"
document=$(go run ./hack/openapi)
printf '%s\n' "$document" >docs/openapi.json
