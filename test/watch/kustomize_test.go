package watch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// overlay is what a platform team gets that adds components to config/default.
func overlay(t *testing.T, components ...string) map[string]map[string]any {
	t.Helper()
	dir := t.TempDir()
	relative := func(path string) string {
		t.Helper()
		to, err := filepath.Rel(dir, filepath.Join(root(t), "config", path))
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [" + relative("default") + "]\ncomponents:\n"
	for _, component := range components {
		text += "- " + relative(component) + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl := filepath.Join(root(t), "bin", "kube-assets", "kubectl")
	output, err := exec.CommandContext(t.Context(), kubectl, "kustomize", dir).Output() //nolint:gosec // the tool of this checkout
	if err != nil {
		t.Fatalf("kubectl kustomize: %v", err)
	}
	objects := map[string]map[string]any{}
	for document := range strings.SplitSeq(string(output), "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		metadata, _ := object["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		kind, _ := object["kind"].(string)
		objects[kind+"/"+name] = object
	}
	return objects
}

func TestOverlays(t *testing.T) {
	monitored := []string{"ServiceMonitor/foyer-manager", "PodMonitor/foyer-tenants", "PrometheusRule/foyer", "ConfigMap/foyer-dashboards", "Service/foyer-manager-metrics"}
	secured := []string{"ClusterRole/foyer-metrics-auth", "ClusterRole/foyer-metrics-reader", "ClusterRoleBinding/foyer-metrics-auth"}
	for name, c := range map[string]struct {
		components []string
		has, lacks []string
		args, lack string
	}{
		"without":   {nil, nil, append(monitored, secured...), "--leader-elect", "--metrics-secure"},
		"monitored": {[]string{"prometheus"}, monitored, secured, "--leader-elect", "--metrics-secure"},
		"secured":   {[]string{"prometheus", "prometheus/secure"}, append(monitored, secured...), nil, "--metrics-secure", "--none"},
	} {
		objects := overlay(t, c.components...)
		for _, object := range c.has {
			if objects[object] == nil {
				t.Errorf("%s lacks %s", name, object)
			}
		}
		for _, object := range c.lacks {
			if objects[object] != nil {
				t.Errorf("%s has %s", name, object)
			}
		}
		deployment, err := yaml.Marshal(objects["Deployment/foyer-manager"])
		if err != nil || !strings.Contains(string(deployment), c.args) || strings.Contains(string(deployment), c.lack) {
			t.Errorf("%s: the arguments of the manager are not with %s and without %s: %v\n%s", name, c.args, c.lack, err, deployment)
		}
	}
	scrape, err := yaml.Marshal(overlay(t, "prometheus", "prometheus/secure")["ServiceMonitor/foyer-manager"])
	if err != nil || !strings.Contains(string(scrape), "scheme: https") || !strings.Contains(string(scrape), "jobLabel: app.kubernetes.io/name") {
		t.Errorf("the secured ServiceMonitor: %v\n%s", err, scrape)
	}
}
