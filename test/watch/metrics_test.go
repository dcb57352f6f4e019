package watch

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	manager "sigs.k8s.io/controller-runtime/pkg/metrics"

	_ "github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/deliver"
	"github.com/foyerhq/foyer/internal/portal"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var update = flag.Bool("update", false, "write the table of docs/metrics.md anew")

// metric is one name that Prometheus sees.
type metric struct {
	name, help string
	labels     []string
	components []string
}

var descPattern = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "(.*?)"(?:, unit: "[^"]*")?, constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// describe reads what a registry has, whether it has values yet or not.
func describe(t *testing.T, component string, registry prometheus.Collector, into map[string]*metric) {
	t.Helper()
	descs := make(chan *prometheus.Desc, 1000)
	registry.Describe(descs)
	close(descs)
	for desc := range descs {
		parts := descPattern.FindStringSubmatch(desc.String())
		if parts == nil {
			t.Fatalf("a description that cannot be read: %s", desc)
		}
		m := into[parts[1]]
		if m == nil {
			m = &metric{name: parts[1], help: strings.ReplaceAll(parts[2], `\"`, `"`)}
			into[parts[1]] = m
			for label := range strings.SplitSeq(parts[3]+","+parts[4], ",") {
				if name, _, _ := strings.Cut(label, "="); name != "" {
					m.labels = append(m.labels, strings.TrimSuffix(strings.TrimPrefix(name, "c("), ")"))
				}
			}
			slices.Sort(m.labels)
		}
		m.components = append(m.components, component)
	}
}

// allMetrics are those of every process, as it registers them.
func allMetrics(t *testing.T) map[string]*metric {
	t.Helper()
	all := map[string]*metric{}
	describe(t, "manager", process.BuildInfo("manager", "v1"), all)
	registered, ok := manager.Registry.(prometheus.Collector)
	if !ok {
		t.Fatal("the manager's registry does not say what it has")
	}
	describe(t, "manager", registered, all)
	for component, handler := range map[string]func(*process.Runtime){
		"portal": func(r *process.Runtime) {
			process.NewObserver(r.Log, r.Metrics, nil)
			portal.New(portal.Options{Metrics: r.Metrics, Hasher: identity.NewHasher(identity.DefaultParams, identity.NewQueue(1, 1, 0))})
		},
		"backoffice": func(r *process.Runtime) { process.NewObserver(r.Log, r.Metrics, nil) },
	} {
		program := process.Program{Component: component, Version: "v1", Listen: ":0"}
		describe(t, component, registryOf(t, program, func(registered func(*process.Runtime), p *process.Program) {
			p.Handler = func(r *process.Runtime) (http.Handler, error) {
				handler(r)
				registered(r)
				return http.NotFoundHandler(), nil
			}
		}), all)
	}
	describe(t, "dispatcher", registryOf(t, process.Program{Component: "dispatcher", Version: "v1"}, func(registered func(*process.Runtime), p *process.Program) {
		routing := process.RoutingFile{Dir: routingDir(t)}
		p.Work = func(r *process.Runtime) (func(context.Context), error) {
			if _, err := routing.Follow(r); err != nil {
				return nil, err
			}
			deliver.New(deliver.Options{Metrics: r.Metrics})
			registered(r)
			return func(context.Context) {}, nil
		}
	}), all)
	for _, m := range all {
		slices.Sort(m.components)
	}
	return all
}

// registryOf runs a program until it has registered its metrics. It has no database.
func registryOf(t *testing.T, program process.Program, with func(registered func(*process.Runtime), p *process.Program)) *prometheus.Registry {
	t.Helper()
	document, err := config.Encode(config.Settings{Format: config.Format, Tenant: config.Entry{Name: "acme", UID: "u", Generation: 1,
		Content: []byte(`{"namespace":"acme","displayName":"Acme","hostname":"my.acme.example","session":{"idleSeconds":60,"maxSeconds":600}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var registry *prometheus.Registry
	with(func(r *process.Runtime) { registry = r.Metrics; stop() }, &program)
	args := []string{"--admin-listen=127.0.0.1:0", "--settings-dir=" + file(t, config.File, document), "--database-dir=" + file(t, "uri", []byte("postgres://nobody@127.0.0.1:1/nowhere"))}
	if err := process.Run(ctx, program, args, io.Discard); err != nil {
		t.Fatal(err)
	}
	if registry == nil {
		t.Fatalf("the %s has registered nothing", program.Component)
	}
	return registry
}

func routingDir(t *testing.T) string {
	t.Helper()
	document, err := config.EncodeRouting(config.Routing{Format: config.RoutingFormat, Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := config.Pack(document)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, config.RoutingFile, packed)
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func ours(all map[string]*metric) []*metric {
	var list []*metric
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(name, "foyer_") {
			list = append(list, all[name])
		}
	}
	return list
}

// kind is the type of a metric, by its name: the convention leaves no choice.
func (m *metric) kind() string {
	switch {
	case strings.HasSuffix(m.name, "_total"):
		return "counter"
	case strings.HasSuffix(m.name, "_duration_seconds"), m.name == "foyer_propagation_seconds":
		return "histogram"
	}
	return "gauge"
}

func TestMetricsFollowTheConvention(t *testing.T) {
	var text strings.Builder
	for _, m := range ours(allMetrics(t)) {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind())
		if m.kind() == "histogram" {
			fmt.Fprintf(&text, "%s_bucket{le=\"+Inf\"} 1\n%s_sum 1\n%s_count 1\n", m.name, m.name, m.name)
			continue
		}
		fmt.Fprintf(&text, "%s 1\n", m.name)
	}
	problems, err := promlint.New(strings.NewReader(text.String())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// knownLabels are the names of labels whose values are bounded: by what the platform team
// declares, or by lists in the code. None is about a customer.
var knownLabels = []string{
	"channel", "class", "component", "document", "feature", "kind", "lane", "namespace", "outcome", "reason", "result",
	"server", "state", "status", "tenant", "type", "version", "webhook",
}

func TestLabelsAreBounded(t *testing.T) {
	for _, m := range ours(allMetrics(t)) {
		for _, label := range m.labels {
			if !slices.Contains(knownLabels, label) {
				t.Errorf("%s has label %s: say here why its values are bounded and name nobody", m.name, label)
			}
		}
		if !strings.HasSuffix(m.help, ".") {
			t.Errorf("%s: its help is no sentence: %s", m.name, m.help)
		}
	}
}

const (
	tableBegin = "<!-- begin of the table, written by: go test ./test/watch -run TestMetricsPage -update -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// The page has every metric, with what its help says.
func TestMetricsPage(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| metric | type | of | |\n|---|---|---|---|\n")
	for _, m := range ours(allMetrics(t)) {
		labels := ""
		if len(m.labels) > 0 {
			labels = "{" + strings.Join(m.labels, ",") + "}"
		}
		components := strings.Join(m.components, ", ")
		if components == "backoffice, dispatcher, portal" {
			components = "every pod of a tenant"
		} else if len(m.components) > 3 {
			components = "all"
		}
		fmt.Fprintf(&table, "| `%s%s` | %s | %s | %s |\n", m.name, labels, m.kind(), components, strings.ReplaceAll(m.help, "|", "\\|"))
	}
	table.WriteString("\n")
	path := filepath.Join(root(t), "docs", "metrics.md")
	page := read(t, "docs", "metrics.md")
	before, rest, begins := strings.Cut(page, tableBegin)
	former, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatal("docs/metrics.md has lost the marks of its table")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+tableBegin+table.String()+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(former, table.String()); diff != "" {
		t.Errorf("docs/metrics.md is not what there is, run: go test ./test/watch -run TestMetricsPage -update\n%s", diff)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{root(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
