# Foyer: everything that a person or a CI machine does with this checkout.
# Run `make` for the list. Every target installs what it needs, or says what is missing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# IMG is the image that `image` packs and `deploy` runs.
IMG ?= foyer:dev
# IMAGE is the name, without a tag, under which a release's image will be found.
IMAGE ?= ghcr.io/foyerhq/foyer
# PLATFORMS are those of a release's image, CLIENT_PLATFORMS those of kubectl-foyer.
PLATFORMS ?= linux/amd64,linux/arm64
CLIENT_PLATFORMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64
# RUN chooses benchmarks by a regular expression: make bench RUN=propagation
RUN ?= .
# TEST chooses packages: make test TEST=./internal/store/...
TEST ?= ./...
KUBECTL ?= $(shell command -v kubectl || echo $(CURDIR)/bin/kubectl)

# What the image holds. manager comes first: it is the entry point. kubectl-foyer runs on
# people's machines instead.
COMMANDS := manager $(filter-out manager kubectl-foyer,$(notdir $(wildcard cmd/*)))
BUILD := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
CLUSTER_SOURCES := $(wildcard hack/cluster/cluster/*.go hack/cluster/cluster/templates/*) hack/cluster/go.mod hack/cluster/go.sum

# The tests in the browser come last and alone: a browser takes the whole machine. make verify
# vets, tests included.
GOTEST := bin/gotestsum --format pkgname --format-hide-empty-pkg --hide-summary skipped -- -race -vet=off -timeout 40m

say = @printf '\n\033[1m==> %s\033[0m\n' "$(1)"

##@ Everyday

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "; print "Foyer. Usage: make TARGET"} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z][a-z0-9-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: check-go check-root ## Start everything: cluster, PostgreSQL, operator, two tenants (first run: 12 to 18 minutes)
	$(call say,Demo: a first run builds Kubernetes and takes 12 to 18 minutes on 2 cores. Later runs take 1 to 2.)
	@hack/tools/packages.sh '/usr/lib/postgresql/*/bin/initdb=postgresql'
	@$(BUILD) -o bin/demo ./hack/demo
	@bin/demo up

.PHONY: demo-down
demo-down: check-go check-root ## Stop the demo and leave nothing behind (seconds)
	$(call say,Stopping the demo)
	@$(BUILD) -o bin/demo ./hack/demo
	@bin/demo down

.PHONY: build
build: check-go ## Build every binary into bin/, static (1 to 3 minutes the first time, then seconds)
	$(call say,Building $(COMMANDS) kubectl-foyer into bin/)
	@mkdir -p bin
	@$(BUILD) -o bin/ ./cmd/...

.PHONY: generate
generate: check-go bin/controller-gen ## Write all generated files: CRDs, deep copies, apply configurations, chart, templates (half a minute)
	$(call say,Generating)
	@hack/tools/generate.sh

##@ Checks

.PHONY: verify
verify: check-go bin/controller-gen ## Fail where generated files, format, vet or the CRDs' compatibility are not clean (1 to 4 minutes)
	$(call say,Verifying: generators$(comma) gofmt$(comma) go vet; 1 to 4 minutes)
	@hack/tools/verify.sh

.PHONY: lint
lint: check-go bin/golangci-lint ## Run every linter, arrows and API conventions included (1 to 5 minutes)
	$(call say,Linting: the first run reads every dependency and takes up to 5 minutes$(comma) later ones seconds)
	@bin/golangci-lint run ./...
	@cd hack/cluster && ../../bin/golangci-lint run --config ../../.golangci.yml ./cluster/... ./pause/... ./policies/...

.PHONY: test
test: check-go test-needs bin/gotestsum ## Run all tests on real servers, with the race detector; TEST=./internal/store/... for some (35 to 65 minutes on 2 cores)
	$(call say,Testing $(TEST) with real PostgreSQL and a real API server; 35 to 65 minutes on 2 cores)
	@packages=$$(go list $(TEST)); \
	  besides=$$(grep -v '/test/browser$$' <<< "$$packages" || true); browser=$$(grep '/test/browser$$' <<< "$$packages" || true); \
	  [ -z "$$besides" ] || $(GOTEST) $$besides; \
	  [ -z "$$browser" ] || $(GOTEST) $$browser
	@go -C hack/cluster test ./cluster/... ./pause/... ./policies/...
	@echo "make test: everything passed"

.PHONY: test-e2e
test-e2e: check-go check-root bin/gotestsum demo test-browser-needs ## Start the demo and test it from outside, as its users do (5 to 25 minutes)
	$(call say,Testing the running demo)
	@bin/gotestsum --format testname -- -tags e2e -count=1 -timeout 30m ./test/e2e/...
	$(call say,Looking at the portals of the demo in a browser)
	@npm run demo --prefix test/browser
	@echo "make test-e2e: everything passed"

.PHONY: test-upgrade
test-upgrade: check-go check-root bin/gotestsum bin/cluster bin/helm ## Upgrade a demo of the last release to this checkout, and back, with customers at work (about 5 minutes; no demo may run)
	$(call say,Upgrading from $$(cut -c1-12 test/upgrade/previous))
	@[ ! -d .state/cluster ] || { echo "a demo or cluster of this checkout is up: run 'make demo-down' first" >&2; exit 1; }
	@hack/tools/packages.sh '/usr/lib/postgresql/*/bin/initdb=postgresql'
	@bin/cluster assets --dir bin/kube-assets
	@trap '[ ! -x .state/upgrade/bin/demo ] || (cd .state/upgrade && bin/demo down); rm -rf .state/upgrade' EXIT; \
	  bin/gotestsum --format standard-verbose -- -tags e2e -count=1 -timeout 25m ./test/upgrade
	@echo "make test-upgrade: everything passed"

.PHONY: test-gitops
test-gitops: check-go test-needs build bin/gotestsum bin/kustomize-controller ## Apply a tenant by the kustomize-controller of Flux, and break it (2 minutes; 4 to 8 more cold)
	$(call say,A pipeline applies a tenant$(comma) good commits and bad ones)
	@bin/gotestsum --format testname -- -tags e2e -count=1 -timeout 15m ./test/gitops
	@echo "make test-gitops: everything passed"

.PHONY: bench
bench: check-go test-needs ## Measure what the design promises; RUN=restart for one of them (all: half an hour; propagation needs make demo)
	$(call say,Measuring $(RUN))
	@$(BUILD) -o bin/ ./hack/bench ./cmd/backoffice ./cmd/dispatcher ./cmd/portal
	@bin/bench -run '$(RUN)'

##@ Cluster

.PHONY: cluster-up
cluster-up: check-go check-root bin/cluster ## Start a one-node Kubernetes here (first build: 8 to 10 minutes, then 12 seconds)
	$(call say,Starting Kubernetes; 8 to 10 minutes the first time$(comma) then seconds)
	@bin/cluster up
	@echo 'To use it in this shell:  eval "$$(bin/cluster env)"'

.PHONY: cluster-down
cluster-down: check-go check-root bin/cluster ## Stop it and leave nothing behind (seconds)
	@bin/cluster down

.PHONY: image
image: check-go build bin/cluster ## Pack what runs in a cluster into image IMG and import it into the cluster of cluster-up (seconds)
	$(call say,Packing $(IMG))
	@bin/cluster image --tag $(IMG) $(foreach name,$(COMMANDS),--binary bin/$(name))

.PHONY: install
install: check-kubectl ## Install the CRDs into the cluster of the current KUBECONFIG (seconds)
	$(call say,Installing the CRDs)
	@$(KUBECTL) apply --server-side -k config/crd

.PHONY: deploy
deploy: check-kubectl ## Install the CRDs and the operator from image IMG into the cluster of the current KUBECONFIG (seconds)
	$(call say,Deploying the operator from $(IMG))
	@$(KUBECTL) kustomize config/default | sed 's#foyer:dev#$(IMG)#g' | $(KUBECTL) apply --server-side -f -
	@echo 'Next: declare a database server and put a proxy in front of the sites (docs/operations.md, The first hour), then apply a Tenant.'

##@ Release

.PHONY: dist
dist: check-go bin/cluster bin/helm bin/cyclonedx-gomod ## Write all that a release is into dist/: VERSION=v0.1.0 IMAGE=ghcr.io/foyerhq/foyer (5 to 10 minutes cold)
	$(call say,Making $(VERSION) of $(IMAGE) in dist/)
	@bin/cluster assets --dir bin/kube-assets
	@go run ./hack/release -version $(VERSION) -image $(IMAGE) -kubectl bin/kube-assets/kubectl -platforms $(PLATFORMS) -client-platforms $(CLIENT_PLATFORMS)
	@echo "dist/ has $$(wc -l <dist/SHA256SUMS) files and their SHA256SUMS"

.PHONY: release
release: check-clean check-tag dist ## The same of a clean checkout, whose CRDs later ones are compared with (docs/release.md)
	@go run ./hack/crdcompat record
	@echo "Commit hack/crdcompat: it has the CRDs of $(VERSION) now. Then sign and publish dist/: docs/release.md"

##@ Housekeeping

.PHONY: clean
clean: ## Remove built binaries and tools (a running demo or cluster must be stopped first)
	@if [ -d .state/cluster ]; then echo "a cluster of this checkout is up: run 'make demo-down' or 'make cluster-down' first" >&2; exit 1; fi
	@if [ -d .state/upgrade/.state/cluster ]; then echo "a cluster of 'make test-upgrade' is up: run 'cd .state/upgrade && bin/demo down' first" >&2; exit 1; fi
	rm -rf bin dist .state

# --- what the targets above need ---

comma := ,

.PHONY: check-go check-root check-kubectl check-clean check-tag test-needs test-browser-needs
check-go:
	@command -v go >/dev/null || { echo "go is not in PATH: install Go 1.26 or newer" >&2; exit 1; }
	@go env GOVERSION | awk '{split(substr($$1, 3), v, "."); if (v[1] == 1 && v[2] < 26) {print "this is " $$1 ": install Go 1.26 or newer" > "/dev/stderr"; exit 1}}'

check-root:
	@[ "$$(id -u)" = 0 ] || { echo "this needs root: pods want namespaces, mounts and a bridge. Run it as root, or use a cluster of your own: make deploy IMG=..." >&2; exit 1; }

check-kubectl:
	@command -v $(KUBECTL) >/dev/null || { echo "kubectl is not in PATH: install it, or run 'make cluster-up', which builds one in bin/" >&2; exit 1; }

check-clean:
	@[ -z "$$(git status --porcelain)" ] || { echo "the checkout has changes that are not committed: a release is made of a commit" >&2; git status --short >&2; exit 1; }

check-tag:
	@[ "$$(git rev-parse --verify --quiet 'refs/tags/$(VERSION)^{commit}')" = "$$(git rev-parse HEAD)" ] || { echo "HEAD has no tag $(VERSION): a release is made of the commit with its tag" >&2; exit 1; }

# What the tests start: PostgreSQL 15 of Debian and 18 of npm, an API server with etcd, and
# Postfix, which signs people in by Cyrus SASL; nft reads the NetworkPolicies of the development
# cluster's kernel.
test-needs: bin/cluster bin/helm bin/cyclonedx-gomod bin/promtool
	$(call say,Preparing test servers; the first time Kubernetes is built: 8 to 10 minutes)
	@hack/tools/packages.sh '/usr/lib/postgresql/*/bin/initdb=postgresql' npm=nodejs,npm curl=curl gcc=gcc,libc6-dev \
	  postfix=postfix saslpasswd2=sasl2-bin,libsasl2-modules nft=nftables
	@hack/tools/npm.sh test/postgres18
	@hack/tools/npm.sh test/api --ignore-scripts
	@hack/tools/npm.sh test/notify --ignore-scripts
	@$(MAKE) test-browser-needs
	@bin/cluster assets --dir bin/kube-assets

bin/controller-gen: hack/tools/go.mod
	@echo "Building $@ (half a minute the first time)"
	@go -C hack/tools build -o ../../$@ sigs.k8s.io/controller-tools/cmd/controller-gen

bin/gotestsum: hack/tools/go.mod
	@echo "Building $@ (seconds)"
	@go -C hack/tools build -o ../../$@ gotest.tools/gotestsum

bin/golangci-lint: hack/tools/lint/go.mod
	@echo "Building $@ (2 minutes the first time)"
	@go -C hack/tools/lint build -trimpath -o ../../../$@ sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter

# Without what finds targets to scrape, which takes most of it and is of no use here.
bin/promtool: hack/tools/prometheus/go.mod
	@echo "Building $@ (2 minutes the first time)"
	@go -C hack/tools/prometheus build -tags remove_all_sd -o ../../../$@ github.com/prometheus/prometheus/cmd/promtool

bin/helm: hack/tools/helm/go.mod
	@echo "Building $@ (2 to 3 minutes the first time)"
	@go -C hack/tools/helm build -trimpath -ldflags '-s -w' -o ../../../$@ helm.sh/helm/v4/cmd/helm

# It has Flux' own choice of modules, but for the replacement of its API by a folder.
bin/kustomize-controller: hack/tools/kustomize-controller/go.mod
	@echo "Building $@ (4 to 8 minutes the first time)"
	@go -C hack/tools/kustomize-controller build -trimpath -ldflags '-s -w' -o ../../../$@ github.com/fluxcd/kustomize-controller

bin/cyclonedx-gomod: hack/tools/sbom/go.mod
	@echo "Building $@ (half a minute the first time)"
	@go -C hack/tools/sbom build -trimpath -o ../../../$@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

bin/cluster: $(CLUSTER_SOURCES)
	@echo "Building $@ (seconds)"
	@go -C hack/cluster build -trimpath -o ../../$@ ./cluster

# A browser, and what drives it.
test-browser-needs:
	@hack/tools/packages.sh chromium=chromium npm=nodejs,npm
	@PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 hack/tools/npm.sh test/browser --ignore-scripts
