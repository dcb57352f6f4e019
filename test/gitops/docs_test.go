package gitops

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/internal/cli"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

const page = "docs/gitops.md"

// block is a fenced block of the page.
type block struct {
	place    string // as docs/gitops.md:12
	language string
	text     string
}

func blocksOfThePage(t *testing.T) []block {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page)))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	inside := false
	for i, line := range strings.SplitAfter(string(text), "\n") {
		language, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && !inside:
			blocks = append(blocks, block{place: fmt.Sprintf("%s:%d", page, i+1), language: language})
			inside = true
		case fence:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line
		}
	}
	return blocks
}

// blockWith returns the block of the page that has a text.
func blockWith(t *testing.T, text string) string {
	t.Helper()
	for _, b := range blocksOfThePage(t) {
		if strings.Contains(b.text, text) {
			return b.text
		}
	}
	t.Fatalf("no block of %s has %q", page, text)
	return ""
}

// TestTheYAMLOfThePage reads every document of the page, as strictly as the tools that it is
// for. What Flux makes of its own, TestFlux shows.
func TestTheYAMLOfThePage(t *testing.T) {
	read := 0
	for _, b := range blocksOfThePage(t) {
		if b.language != "yaml" || strings.HasPrefix(b.text, "{{") { // of a chart
			continue
		}
		for document := range strings.SplitSeq(b.text, "\n---\n") {
			var content map[string]any
			if err := yaml.UnmarshalStrict([]byte(document), &content); err != nil || len(content) == 0 {
				t.Errorf("%s: %v", b.place, err)
			}
			read++
		}
	}
	if read < 8 {
		t.Errorf("only %d documents were found", read)
	}
}

// TestTheOverlayOfThePage builds it over the sample, and lints it as the page says.
func TestTheOverlayOfThePage(t *testing.T) {
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	overlay := blockWith(t, "# tenants/acme/production/kustomization.yaml")
	built := kustomize(t, map[string]string{
		"kustomization.yaml": strings.Replace(overlay, "../base", filepath.Join(root, "config", "samples", "acme"), 1),
	})
	for _, want := range []string{"hostname: my.acme.example", "mode: Live"} {
		if !strings.Contains(built, want) {
			t.Errorf("the overlay does not say %q", want)
		}
	}
	var out, complaints bytes.Buffer
	streams := cli.Streams{In: strings.NewReader(built), Out: &out, Err: &complaints}
	if code := cli.Main([]string{"lint", "--complete", "--strict", "-f", "-"}, "test", streams, nil); code != 0 {
		t.Errorf("lint ends with %d\n%s%s", code, &out, &complaints)
	}
}

// TestTheKeysOfThePage: who has no kustomize types the keys of argocd-cm.
func TestTheKeysOfThePage(t *testing.T) {
	command := blockWith(t, "kubectl create configmap argocd-cm")
	for _, want := range []string{
		"check=resource.customizations.health.foyer.dev\n", "${check}_Tenant=config/argocd/health.lua", "${check}_AccountProfile=config/argocd/health.lua",
		"${check}_MyAccountProfile=config/argocd/health.lua", "${check}_EventTemplate=config/argocd/health.lua",
	} {
		if !strings.Contains(command, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
}
