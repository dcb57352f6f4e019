package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeAll writes files below a folder of the test.
func writeAll(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// An object of a kustomization becomes a template: named, placed and labelled by the
// release, with Helm's braces in it taken literally.
func TestTemplate(t *testing.T) {
	folder := writeAll(t, map[string]string{
		"config/all/kustomization.yaml":  "resources: [../rbac]\nlabels: [{pairs: {app.kubernetes.io/component: manager}}]\n",
		"config/rbac/kustomization.yaml": "resources: [role.yaml]\n",
		"config/rbac/role.yaml": `kind: Role
metadata:
  name: foyer-manager
  namespace: foyer-system
rules: [] # as in {{ .x }}
---
kind: Namespace
metadata:
  name: foyer-system
---
kind: RoleBinding
metadata:
  name: foyer-manager
  namespace: elsewhere
  labels:
    app.kubernetes.io/name: foyer
    own: label
roleRef:
  kind: Role
  name: foyer-manager
subjects:
  - kind: ServiceAccount
    name: foyer-manager
    namespace: foyer-system
`,
	})
	t.Chdir(folder)
	files, err := readConfig("config/all")
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	got, err := templateOf(files[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{{- /* Written by make generate from config/rbac/role.yaml: edit that. */}}
kind: Role
metadata:
  name: {{ include "foyer.fullname" $ }}-manager
  namespace: {{ $.Release.Namespace }}
  labels:
    {{- include "foyer.labels" $ | nindent 4 }}
    app.kubernetes.io/component: manager
rules: [] # as in {{ "{{" }} .x }}
---
kind: RoleBinding
metadata:
  name: {{ include "foyer.fullname" $ }}-manager
  namespace: elsewhere
  labels:
    {{- include "foyer.labels" $ | nindent 4 }}
    app.kubernetes.io/component: manager
    own: label
roleRef:
  kind: Role
  name: {{ include "foyer.fullname" $ }}-manager
subjects:
  - kind: ServiceAccount
    name: {{ include "foyer.serviceAccount" $ }}
    namespace: {{ $.Release.Namespace }}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the generator does not know how to put into the chart stops it.
func TestKustomizationsThatAreNotUnderstood(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"patches":   {"resources: []\npatches: [{path: x.yaml}]\n", "resources, labels and ConfigMaps only"},
		"no file":   {"resources: [x.yaml]\n", "read an object"},
		"no folder": {"resources: [x]\n", "read a kustomization"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := writeAll(t, map[string]string{"kustomization.yaml": test.content})
			if _, err := readConfig(folder); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// A Deployment that has lost what a value sets would make the value dead.
func TestDeploymentWithoutAPlaceForAValue(t *testing.T) {
	for _, without := range []string{"replicas", "GOMEMLIMIT", "args", "topologySpreadConstraints"} {
		file, err := readConfig(filepath.Join("..", "..", "config", "manager"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range file {
			for _, object := range f.objects {
				if text(object, "kind") != "Deployment" {
					continue
				}
				pod := at(object, "spec", "template", "spec")
				remove(at(object, "spec"), without)
				remove(pod, without)
				remove(at(pod, "containers", "manager"), without)
				if variable := at(pod, "containers", "manager", "env", without, "name"); variable != nil {
					variable.Value = "OTHER"
				}
				if _, err := templateOf(f); err == nil {
					t.Errorf("a Deployment without %s is taken", without)
				}
			}
		}
	}
}

func TestValues(t *testing.T) {
	path := filepath.Join(writeAll(t, map[string]string{"values.yaml": `# A comment of the whole file.

# How many
# there are.
replicas: 2
image:
  # Where it is | was.
  repository: foyer
`}), "values.yaml")
	values, err := readValues(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "| value | | if not set |\n|---|---|---|\n| `replicas` | How many there are. | `2` |\n| `image.repository` | Where it is \\| was. | `\"foyer\"` |\n"
	if diff := cmp.Diff(want, tableOf(values)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if _, err := schemaOf(values); err == nil || !strings.Contains(err.Error(), "no such value") {
		t.Errorf("rules for values that are gone: %v", err)
	}
	if err := os.WriteFile(path, []byte("replicas: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readValues(path); err == nil || !strings.Contains(err.Error(), "replicas has no comment") {
		t.Errorf("a value without a comment: %v", err)
	}
}

// The real values: no object of the schema takes what is not declared, but for what is
// handed on to Kubernetes.
func TestSchemaIsStrict(t *testing.T) {
	values, err := readValues("../../charts/foyer/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := schemaOf(values)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, schema map[string]any)
	walk = func(path string, schema map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		if properties != nil && schema["additionalProperties"] != false {
			t.Errorf("%s takes any field", path)
		}
		for name, below := range properties {
			walk(path+"."+name, below.(map[string]any)) //nolint:forcetypeassert // a schema
		}
	}
	walk("", schema)
}
