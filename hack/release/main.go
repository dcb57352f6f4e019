// Command release writes everything that a release of Foyer is into one folder:
//
//	release -version v0.1.0 -image ghcr.io/foyerhq/foyer -output dist
//
//	foyer_v0.1.0_linux_amd64.image.tar     the image, as docker load and skopeo read it
//	foyer_v0.1.0_linux_amd64.tar.gz        the programs in it
//	kubectl-foyer_v0.1.0_darwin_arm64.tar.gz, ...
//	foyer-0.1.0.tgz                        the Helm chart
//	install.yaml                           what config/default is, with the image
//	crds.yaml, operator.yaml               its CRDs, and all but those
//	sbom/manager_linux_amd64.cdx.json, ... what each program is made of (CycloneDX)
//	SHA256SUMS
//
// The same checkout gives the same bytes: nothing has a time, a path of the machine or a
// random number in it. Of the machine come only Go and the authorities that the image
// trusts (/etc/ssl/certs). It signs nothing and publishes nothing: docs/release.md says how.
//
// It needs bin/cluster, bin/helm, bin/cyclonedx-gomod and the kubectl of the checkout, because another
// kustomize may write YAML in another order; `make dist` makes them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	r := release{build: goBuild}
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.StringVar(&r.version, "version", "", "version of the release, as v0.1.0")
	set.StringVar(&r.image, "image", "ghcr.io/foyerhq/foyer", "name of the image, without a tag")
	set.StringVar(&r.output, "output", "dist", "folder that is emptied and filled")
	set.StringVar(&r.kubectl, "kubectl", "kubectl", "kubectl, for its kustomize")
	servers := set.String("platforms", "linux/amd64,linux/arm64", "platforms of the image")
	clients := set.String("client-platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "platforms of kubectl-foyer")
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("read the flags: %w", err)
	}
	var err error
	if r.platforms, err = platforms(*servers); err != nil {
		return err
	}
	if r.clients, err = platforms(*clients); err != nil {
		return err
	}
	return r.run(ctx)
}

// platform is what a program runs on.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

func platforms(list string) ([]platform, error) {
	var found []platform
	for text := range strings.SplitSeq(list, ",") {
		system, arch, ok := strings.Cut(text, "/")
		if !ok || system == "" || arch == "" {
			return nil, fmt.Errorf("%q is not a platform, as linux/amd64", text)
		}
		found = append(found, platform{system, arch})
	}
	return found, nil
}

// release is what is made, and with what.
type release struct {
	version, image, output, kubectl string
	platforms, clients              []platform

	// build makes a program of cmd for a platform.
	build func(ctx context.Context, version, name string, p platform, path string) error
	work  string // a folder for what is not handed out
}

var semantic = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`)

func (r *release) run(ctx context.Context) error {
	if !semantic.MatchString(r.version) {
		return fmt.Errorf("version %q is not one as v0.1.0 or v0.1.0-rc.1", r.version)
	}
	if tag := r.image[strings.LastIndex(r.image, "/")+1:]; r.image == "" || strings.ContainsAny(tag, ":@") {
		return fmt.Errorf("image %q: give the name alone, the tag is the version", r.image)
	}
	var err error
	if r.work, err = os.MkdirTemp("", "foyer-release-"); err != nil {
		return fmt.Errorf("make a folder to work in: %w", err)
	}
	defer os.RemoveAll(r.work)                                                                        //nolint:errcheck // nobody needs it any more
	if err := errors.Join(os.RemoveAll(r.output), os.MkdirAll(r.output+"/sbom", 0o755)); err != nil { //nolint:gosec // what is handed out
		return fmt.Errorf("empty the output: %w", err)
	}
	for _, step := range []struct {
		title string
		run   func(context.Context) error
	}{
		{"the image and its programs", r.servers},
		{"kubectl-foyer", r.kubectlFoyer},
		{"install.yaml, crds.yaml and operator.yaml", r.manifests},
		{"the Helm chart", r.chart},
		{"SHA256SUMS", r.sums},
	} {
		fmt.Printf("  %s\n", step.title)
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.title, err)
		}
	}
	return nil
}
