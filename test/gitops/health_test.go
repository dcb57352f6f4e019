package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/internal/testenv/argocd"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func readCheck(t *testing.T) argocd.Check {
	t.Helper()
	check, err := argocd.Read()
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// TestHealth has statuses as the operator writes them, in short, and some that it never
// does. What it writes in its own tests, package controllers checks.
func TestHealth(t *testing.T) {
	const notYet = "Foyer has not looked at this generation yet."
	for name, test := range map[string]struct {
		status string // after metadata.generation 3
		want   argocd.Health
	}{
		"no status":           {``, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"null":                {`status: null`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"the CRD's default":   {`status: {observedGeneration: -1}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"nothing observed":    {`status: {conditions: [{type: Ready, status: "True", message: Old.}]}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"an older generation": {`status: {observedGeneration: 2, liveGeneration: 2, conditions: [{type: Ready, status: "True", message: Old.}]}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"older, and stalled":  {`status: {observedGeneration: 2, conditions: [{type: Ready, status: "False", message: Old.}, {type: Stalled, status: "True"}]}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"conditions missing":  {`status: {observedGeneration: 3}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"conditions null":     {`status: {observedGeneration: 3, conditions: null}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"conditions empty":    {`status: {observedGeneration: 3, conditions: []}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"no Ready":            {`status: {observedGeneration: 3, conditions: [{type: Accepted, status: "True"}]}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"Ready of before":     {`status: {observedGeneration: 3, conditions: [{type: Ready, status: "True", observedGeneration: 2, message: Old.}]}`, argocd.Health{Status: argocd.Progressing, Message: notYet}},
		"ready": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "True", observedGeneration: 3, reason: Ready, message: All of it.}]}`,
			argocd.Health{Status: argocd.Healthy, Message: "All of it."}},
		"a release waits for its turn": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "True", reason: RolloutWaiting, message: It waits.}]}`,
			argocd.Health{Status: argocd.Healthy, Message: "It waits."}},
		"a release is halted": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "True", reason: RolloutHalted, message: It is halted.}]}`,
			argocd.Health{Status: argocd.Healthy, Message: "It is halted."}},
		"a rollout failed": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "False", reason: RolloutFailed, message: It failed.}, {type: Stalled, status: "True"}]}`,
			argocd.Health{Status: argocd.Degraded, Message: "It failed."}},
		"the first one loads": {`status: {observedGeneration: 3, conditions: [{type: Ready, status: "False", reason: Pending, message: It loads.}, {type: Reconciling, status: "True"}]}`,
			argocd.Health{Status: argocd.Progressing, Message: "It loads. Customers have none of it yet."}},
		"a change loads": {`status: {observedGeneration: 3, liveGeneration: 2, conditions: [{type: Ready, status: "False", reason: Pending, message: It loads.}, {type: Reconciling, status: "True"}]}`,
			argocd.Health{Status: argocd.Progressing, Message: "It loads. Customers have generation 2, and this is 3."}},
		"refused": {`status: {observedGeneration: 3, liveGeneration: 1, conditions: [{type: Ready, status: "False", reason: Invalid, message: No such field.}, {type: Stalled, status: "True", reason: Invalid}]}`,
			argocd.Health{Status: argocd.Degraded, Message: "No such field. Customers have generation 1, and this is 3."}},
		"refused from the beginning": {`status: {observedGeneration: 3, conditions: [{type: Stalled, status: "True"}, {type: Ready, status: "False", reason: Invalid, message: No such field.}]}`,
			argocd.Health{Status: argocd.Degraded, Message: "No such field. Customers have none of it yet."}},
		"the database is away": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "False", reason: Unreachable, message: It does not answer.}, {type: Reconciling, status: "True"}]}`,
			argocd.Health{Status: argocd.Progressing, Message: "It does not answer."}},
		"paused, and all is live": {`status: {observedGeneration: 3, liveGeneration: 2, conditions: [{type: Ready, status: "True", reason: Paused, message: It is paused.}]}`,
			argocd.Health{Status: argocd.Suspended, Message: "It is paused."}},
		"paused, and something waits": {`status: {observedGeneration: 3, liveGeneration: 2, conditions: [{type: Ready, status: "False", reason: Paused, message: It is paused.}, {type: Stalled, status: "True", reason: Paused}]}`,
			argocd.Health{Status: argocd.Suspended, Message: "It is paused. Customers have generation 2, and this is 3."}},
		"of a paused tenant": {`status: {observedGeneration: 3, conditions: [{type: Ready, status: "False", reason: TenantPaused, message: It waits.}, {type: Reconciling, status: "True"}]}`,
			argocd.Health{Status: argocd.Suspended, Message: "It waits. Customers have none of it yet."}},
		"a reason of a later release": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "True", reason: Splendid, message: It is.}, {type: Splendour, status: "False"}]}`,
			argocd.Health{Status: argocd.Healthy, Message: "It is."}},
		"not ready, and nothing else": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "False", reason: Odd}]}`,
			argocd.Health{Status: argocd.Progressing, Message: "Odd"}},
		"unknown": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "Unknown"}]}`,
			argocd.Health{Status: argocd.Progressing}},
		"stalled and ready": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "True", message: Both.}, {type: Stalled, status: "True"}]}`,
			argocd.Health{Status: argocd.Degraded, Message: "Both."}},
		"Stalled is False": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{type: Ready, status: "True", message: Good.}, {type: Stalled, status: "False"}]}`,
			argocd.Health{Status: argocd.Healthy, Message: "Good."}},
		"a condition without a type": {`status: {observedGeneration: 3, liveGeneration: 3, conditions: [{status: "True"}, {type: Ready, status: "True", message: Good.}]}`,
			argocd.Health{Status: argocd.Healthy, Message: "Good."}},
	} {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			if err := yaml.Unmarshal([]byte("metadata: {name: acme, generation: 3}\n"+test.status), &object); err != nil {
				t.Fatal(err)
			}
			got, err := readCheck(t).OfContent(object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestTheSandboxIsNarrow: a check that would fail in Argo CD fails here.
func TestTheSandboxIsNarrow(t *testing.T) {
	for _, script := range []string{
		`local file = io.open("/etc/passwd")`,
		`os.execute("true")`,
		`return {status = "Healthy", message = string.format("%d", 1)}`,
		`return {status = "Healthy", message = tostring(math.floor(1.5))}`,
		`while true do end`,
		`return nil`,
		`return {status = "Fine", message = ""}`,
		`return {status = "Healthy", message = 1}`,
	} {
		if health, err := argocd.New(script).OfContent(map[string]any{}); err == nil {
			t.Errorf("%s\nsays %+v", script, health)
		}
	}
}

// TestTheArgoCDComponent adds the check to what somebody has in argocd-cm already.
func TestTheArgoCDComponent(t *testing.T) {
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	const theirs = `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
data: {url: https://argocd.acme.example}
`
	live := kustomize(t, map[string]string{
		"argocd-cm.yaml":     theirs,
		"kustomization.yaml": "resources: [argocd-cm.yaml]\ncomponents: [" + filepath.Join(root, "config", "argocd") + "]\n",
	})
	var config corev1.ConfigMap
	if err := yaml.UnmarshalStrict([]byte(live), &config); err != nil {
		t.Fatalf("%v:\n%s", err, live)
	}
	script, err := os.ReadFile(filepath.Join(root, "config", "argocd", "health.lua"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"url": "https://argocd.acme.example"}
	for _, kind := range []string{"Tenant", "AccountProfile", "MyAccountProfile", "EventTemplate"} {
		want["resource.customizations.health.foyer.dev_"+kind] = string(script)
	}
	if diff := cmp.Diff(want, config.Data); diff != "" {
		t.Errorf("data of argocd-cm (-want +got)\n%s", diff)
	}
	if config.Name != "argocd-cm" || config.Labels["app.kubernetes.io/part-of"] != "argocd" {
		t.Errorf("its name is %s, its labels are %v", config.Name, config.Labels)
	}
}

// kustomize builds a folder of these files.
func kustomize(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, ".state"), 0o750); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(filepath.Join(root, ".state"), "gitops-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for name, text := range files {
		relative, err := filepath.Rel(dir, root)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, root, relative) // kustomize wants relative folders
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output, err := cluster.Kubectl(t.Context(), t, "kustomize", dir)
	if err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, output))
	}
	return output
}
