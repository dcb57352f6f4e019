package chart

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write testdata/*.golden.yaml")

// TestGolden shows what each file of values makes. The schemas of CRDs, the rules of roles,
// alerts and dashboards are long and compared elsewhere, so they are left out.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.values.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("values to render: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got := shortened(render(t, "--values", file))
			golden := strings.TrimSuffix(file, ".values.yaml") + ".golden.yaml"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil { //nolint:gosec // a file of the checkout
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden) //nolint:gosec // a file of the checkout
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-golden +rendered; if it is meant: go test ./test/chart -run TestGolden -update\n%s", diff)
			}
			objects(t, got)
		})
	}
}

var longKinds = regexp.MustCompile(`(?m)^kind: (CustomResourceDefinition|Role|ClusterRole|PrometheusRule|ConfigMap)$`)

func shortened(rendered string) string {
	documents := strings.Split(rendered, "\n---\n")
	for i, document := range documents {
		switch kind := longKinds.FindStringSubmatch(document); {
		case kind == nil:
		case kind[1] == "CustomResourceDefinition", kind[1] == "PrometheusRule":
			documents[i], _, _ = strings.Cut(document, "\nspec:\n")
		case kind[1] == "ConfigMap":
			documents[i], _, _ = strings.Cut(document, "\ndata:\n")
		default:
			documents[i], _, _ = strings.Cut(document, "\nrules:\n")
		}
	}
	return strings.Join(documents, "\n---\n")
}

// TestEverythingSetsEverything: what a value is without effect on, nobody tests. So one file
// of values sets each to something else than the default, but for the three that another
// one sets because they exclude these.
func TestEverythingSetsEverything(t *testing.T) {
	elsewhere := map[string]bool{"fullnameOverride": true, "leaderElect": true, "extraArgs": true, "metrics.enabled": true}
	standard, everything, one := flat(t, inCheckout(t, "charts/foyer/values.yaml")), flat(t, "testdata/everything.values.yaml"), flat(t, "testdata/one.values.yaml")
	for name, value := range standard {
		set := everything
		if elsewhere[name] {
			set = one
		}
		if got, found := set[name]; !found || cmp.Equal(got, value) {
			t.Errorf("no file of values sets %s to something else than %v", name, value)
		}
	}
}

// flat reads values by their path. A map with other than our own keys is one value.
func flat(t *testing.T, file string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(file) //nolint:gosec // a file of the checkout
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	open := regexp.MustCompile(`^(resources|affinity|nodeSelector|.*[aA]nnotations|podLabels|labels)$`)
	found := map[string]any{}
	var walk func(prefix string, values map[string]any)
	walk = func(prefix string, values map[string]any) {
		for key, value := range values {
			if below, isMap := value.(map[string]any); isMap && !open.MatchString(key) {
				walk(prefix+key+".", below)
				continue
			}
			found[prefix+key] = value
		}
	}
	walk("", values)
	return found
}

func TestLintIsStrictlyClean(t *testing.T) {
	mustHelm(t, os.DevNull, "lint", "--strict", chartFolder(t))
	for _, values := range []string{"everything", "one"} {
		mustHelm(t, os.DevNull, "lint", "--strict", chartFolder(t), "--values", "testdata/"+values+".values.yaml")
	}
}

// What is no value of the chart is refused before anything is applied, and the message
// names it.
func TestRefused(t *testing.T) {
	for set, wants := range map[string][]string{
		"replica=2":                                    {"replica", "not allowed"},
		"image.name=foyer":                             {"/image", "name", "not allowed"},
		"replicas=-1":                                  {"/replicas", "minimum"},
		"replicas=two":                                 {"/replicas", "got string, want integer"},
		"image.repository=":                            {"/image/repository", "minLength"},
		"image.digest=sha256:1":                        {"/image/digest", "pattern"},
		"image.pullPolicy=Sometimes":                   {"/image/pullPolicy", "Always"},
		"imagePullSecrets={registry}":                  {"/imagePullSecrets/0", "want object"},
		"imagePullSecrets[0].secret=registry":          {"/imagePullSecrets/0", "name"},
		"crds.enabled=yes":                             {"/crds/enabled", "want boolean"},
		"crds.install=true":                            {"/crds", "install", "not allowed"},
		"watchNamespaces=acme":                         {"/watchNamespaces", "want array"},
		"watchNamespaces={Acme}":                       {"/watchNamespaces/0", "pattern"},
		"watchNamespaces={acme}":                       {"clusterID"},
		"clusterID=short":                              {"/clusterID", "pattern"},
		"leaderElect=false":                            {"more than one manager needs leaderElect"},
		"trustedProxies=10.0.0.0/8":                    {"/trustedProxies", "want array"},
		"trustedProxies={edge}":                        {"/trustedProxies/0", "pattern"},
		"allowOutgoing={mail}":                         {"/allowOutgoing/0", "pattern"},
		"api.requestsPerSecond=-1":                     {"/api/requestsPerSecond", "minimum"},
		"networkPolicies.mode=Off":                     {"/networkPolicies/mode", "Managed"},
		"networkPolicies.dnsPorts={dns}":               {"/networkPolicies/dnsPorts/0", "want integer"},
		"metrics.port=0":                               {"/metrics/port", "minimum"},
		"waveSize=0":                                   {"/waveSize", "minimum"},
		"canarySoakSeconds=-1":                         {"/canarySoakSeconds", "minimum"},
		"metrics.certSecret=tls":                       {"set both, or neither"},
		"metrics.port=8081":                            {"the same port of one pod"},
		"resources.limits.memory=512Mi":                {"goMemoryLimit is 900MiB", "512Mi"},
		"resources.limits=null":                        {"goMemoryLimit is 900MiB", "to off without a limit"},
		"goMemoryLimit=1GiB":                           {"goMemoryLimit is 1GiB", "1Gi"},
		`podLabels.app\.kubernetes\.io/name=operator`:  {"selects its pods by app.kubernetes.io/name"},
		"metrics.secure=true,metrics.enabled=false":    {"no metrics to secure"},
		"monitoring.scrape=true,metrics.enabled=false": {"no metrics to scrape"},
		"monitoring.enabled=true":                      {"/monitoring", "enabled", "not allowed"},
		"health.port=70000":                            {"/health/port", "maximum"},
		"extraArgs={tenant-clock}":                     {"/extraArgs/0", "pattern"},
		"extraEnv[0].value=x":                          {"/extraEnv/0", "name"},
		"resources.limit.memory=1Gi":                   {"/resources", "limit", "not allowed"},
		"goMemoryLimit=900Mi":                          {"/goMemoryLimit", "pattern"},
		"podAnnotations.a=1":                           {"/podAnnotations/a", "want string"},
		"tolerations[0].effect=Never":                  {"/tolerations/0/effect", "NoSchedule"},
		"affinity.podAffinities.a=1":                   {"/affinity", "podAffinities", "not allowed"},
		"topologySpreadConstraints[0].maxSkew=1":       {"/topologySpreadConstraints/0", "topologyKey"},
		"serviceAccount.create=false":                  {"serviceAccount.name is needed"},
	} {
		t.Run(set, func(t *testing.T) {
			_, err := helm(t.Context(), t, os.DevNull, "template", "foyer", chartFolder(t), "--set", set)
			if err == nil {
				t.Fatal("it is accepted")
			}
			for _, want := range wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the answer has no %q: %v", want, err)
				}
			}
		})
	}
}

// Inside another chart, Helm hands global values down.
func TestGlobalValuesAreAccepted(t *testing.T) {
	render(t, "--set", "global.registry=registry.example")
}

// Who wants no memory limit, or another one, says what becomes of the heap.
func TestMemoryLimits(t *testing.T) {
	render(t, "--set", "resources.limits=null,goMemoryLimit=off")
	render(t, "--set", "resources.limits.memory=512Mi,goMemoryLimit=460MiB")
	render(t, "--set", "resources.limits.memory=2Gi")
}
