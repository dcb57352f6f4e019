// Package chart tests charts/foyer with Helm itself (bin/helm): what it renders, what it
// refuses, and what installing, upgrading and uninstalling do on a real API server.
package chart

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

const operatorNamespace = "foyer-system"

// helm runs it with nothing of the person's own: no repositories, no plugins, no cluster
// but the one of kubeconfig.
func helm(ctx context.Context, t *testing.T, kubeconfig string, args ...string) (string, error) {
	t.Helper()
	home := t.TempDir()
	command := exec.CommandContext(ctx, needed(t, "bin/helm"), args...) //nolint:gosec // a test says what to run
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+kubeconfig)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return out.String(), errors.Join(err, errors.New(problems.String()+out.String()))
	}
	return out.String(), nil
}

func mustHelm(t *testing.T, kubeconfig string, args ...string) string {
	t.Helper()
	out, err := helm(t.Context(), t, kubeconfig, args...)
	if err != nil {
		t.Fatalf("helm %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// needed is the absolute path of a file of the checkout that make test-needs makes.
func needed(t *testing.T, path string) string {
	t.Helper()
	file := inCheckout(t, path)
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("there is no %s: run \"make test-needs\"", path)
	}
	return file
}

func inCheckout(t *testing.T, path string) string {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, path)
}

func chartFolder(t *testing.T) string {
	t.Helper()
	return inCheckout(t, "charts/foyer")
}

// render is helm template of the release that the documentation installs.
func render(t *testing.T, args ...string) string {
	t.Helper()
	return mustHelm(t, os.DevNull, slices.Concat([]string{"template", "foyer", chartFolder(t), "--namespace", operatorNamespace}, args)...)
}

// object is one that was rendered.
type object map[string]any

func (o object) at(path ...string) any {
	var found any = map[string]any(o)
	for _, key := range path {
		below, _ := found.(map[string]any)
		found = below[key]
	}
	return found
}

func (o object) text(path ...string) string {
	text, _ := o.at(path...).(string)
	return text
}

// id tells objects apart.
func (o object) id() string {
	return strings.Join([]string{o.text("kind"), o.text("metadata", "namespace"), o.text("metadata", "name")}, "/")
}

func objects(t *testing.T, text string) map[string]object {
	t.Helper()
	found := map[string]object{}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var plain map[string]any
		err := decoder.Decode(&plain)
		o := object(plain)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("what was rendered is no YAML: %v", err)
		}
		if len(o) == 0 {
			continue
		}
		if _, twice := found[o.id()]; twice {
			t.Errorf("%s is there twice", o.id())
		}
		found[o.id()] = o
	}
}

func names(all map[string]object) []string { return slices.Sorted(maps.Keys(all)) }
