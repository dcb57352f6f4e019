package watch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// alert is one of config/prometheus/rules.yaml.
type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleGroups struct {
	Groups []struct {
		Name  string  `json:"name"`
		Rules []alert `json:"rules"`
	} `json:"groups"`
}

func readRules(t *testing.T) (groups ruleGroups, plain []byte) {
	t.Helper()
	var object struct {
		Spec ruleGroups `json:"spec"`
	}
	if err := yaml.UnmarshalStrict([]byte(read(t, "config", "prometheus", "rules.yaml")), &struct {
		Spec       *ruleGroups    `json:"spec"`
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
	}{Spec: &object.Spec}); err != nil {
		t.Fatal(err)
	}
	plain, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return object.Spec, plain
}

func alerts(t *testing.T) []alert {
	t.Helper()
	groups, _ := readRules(t)
	var list []alert
	for _, group := range groups.Groups {
		list = append(list, group.Rules...)
	}
	if len(list) == 0 {
		t.Fatal("there are no alerts")
	}
	return list
}

// An alert says how bad it is, what it is about, and where to read on.
func TestAlertsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a.Alert] {
			t.Errorf("%s is there twice", a.Alert)
		}
		seen[a.Alert] = true
		if !strings.HasPrefix(a.Alert, "Foyer") {
			t.Errorf("%s: the name does not begin with Foyer", a.Alert)
		}
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: severity %q", a.Alert, s)
		}
		if a.For == "" || a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s lacks for, summary or description", a.Alert)
		}
		if want := "https://github.com/foyerhq/foyer/blob/main/docs/runbooks/" + a.Alert + ".md"; a.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url is %q, want %s", a.Alert, a.Annotations["runbook_url"], want)
		}
	}
}

var (
	quoted     = regexp.MustCompile(`"[^"]*"`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	grouping   = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	selector   = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)`)
	duration   = regexp.MustCompile(`\[[^\]]*\]`)
)

// words of PromQL that are no metric.
var promWords = []string{"and", "or", "unless", "bool", "offset", "by", "on", "without", "ignoring"}

// metricsIn are the metrics that an expression asks for, with the labels that it matches.
func metricsIn(expr string) map[string][]string {
	found := map[string][]string{}
	expr = duration.ReplaceAllString(quoted.ReplaceAllString(expr, `""`), "")
	for _, of := range selector.FindAllStringSubmatch(expr, -1) {
		for _, label := range matcher.FindAllStringSubmatch(of[2], -1) {
			found[of[1]] = append(found[of[1]], label[1])
		}
	}
	expr = grouping.ReplaceAllString(regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(expr, ""), "")
	for _, at := range identifier.FindAllStringIndex(expr, -1) {
		word := expr[at[0]:at[1]]
		function := strings.HasPrefix(strings.TrimSpace(expr[at[1]:]), "(")
		number := at[0] > 0 && (expr[at[0]-1] >= '0' && expr[at[0]-1] <= '9')
		if !function && !number && !slices.Contains(promWords, word) {
			found[word] = append(found[word], []string{}...)
		}
	}
	return found
}

// scraped are the labels that the monitors add to every series.
var scraped = []string{"job", "namespace", "pod", "tenant", "component", "instance"}

// outside are metrics and labels of controller-runtime and client-go that are described
// under these names, whose registry entries name them in another way.
var outside = map[string][]string{
	"up": nil, // Prometheus' own: whether a target answers
	"workqueue_longest_running_processor_seconds": {"name"},
	"workqueue_depth":                  {"name"},
	"workqueue_queue_duration_seconds": {"name"},
	"process_resident_memory_bytes":    nil,
	"process_cpu_seconds_total":        nil,
}

// exist checks that the metrics and labels of an expression are some that there are.
func exist(t *testing.T, where, expr string, all map[string]*metric) {
	t.Helper()
	names := metricsIn(expr)
	if len(names) == 0 {
		t.Errorf("%s asks for no metric: %s", where, expr)
	}
	for name, matched := range names {
		base := name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if m := all[strings.TrimSuffix(name, suffix)]; strings.HasSuffix(name, suffix) && m != nil || outside[strings.TrimSuffix(name, suffix)] != nil && strings.HasSuffix(name, suffix) {
				base = strings.TrimSuffix(name, suffix)
			}
		}
		labels, known := outside[base]
		if m := all[base]; m != nil {
			labels, known = append(labels, m.labels...), true
		}
		if !known {
			t.Errorf("%s: there is no metric %s", where, name)
			continue
		}
		for _, label := range matched {
			if label != "le" && !slices.Contains(labels, label) && !slices.Contains(scraped, label) {
				t.Errorf("%s: %s has no label %s", where, name, label)
			}
		}
	}
}

func TestAlertsAskForMetricsThatExist(t *testing.T) {
	all := allMetrics(t)
	for _, a := range alerts(t) {
		exist(t, a.Alert, a.Expr, all)
	}
}

// What the operator alone says is asked of its own job, which no pod of a tenant can be in: else
// whoever can label a pod could raise alerts about the operator, or keep them quiet.
func TestAlertsAskTheOperatorItself(t *testing.T) {
	all := allMetrics(t)
	for _, a := range alerts(t) {
		for _, of := range regexp.MustCompile(`([a-z_]+)(\{[^}]*\})?`).FindAllStringSubmatch(a.Expr, -1) {
			m := all[strings.TrimSuffix(of[1], "_bucket")]
			its := m != nil && slices.Equal(slices.Compact(m.components), []string{"manager"}) || strings.Contains(of[2], `component="manager"`)
			if its && !strings.Contains(of[2], `job="foyer"`) {
				t.Errorf("%s: %s%s is not of job foyer", a.Alert, of[1], of[2])
			}
		}
	}
	if monitor := read(t, "config", "prometheus", "podmonitor.yaml"); !strings.Contains(monitor, "replacement: foyer-tenants\n          targetLabel: job\n") || !strings.Contains(monitor, "honorLabels: false") {
		t.Errorf("pods of tenants can say what their job is:\n%s", monitor)
	}
}

// promtool runs the tool of Prometheus itself.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	tool := filepath.Join(root(t), "bin", "promtool")
	if _, err := os.Stat(tool); err != nil {
		t.Fatal("bin/promtool is missing: run make test-needs")
	}
	output, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput() //nolint:gosec // the tool of this checkout
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

// Prometheus takes the rules, and each alert fires when it should and not when it should
// not: testdata/alerts_test.yaml says when.
func TestAlertsFire(t *testing.T) {
	_, plain := readRules(t)
	dir := file(t, "rules.yaml", plain)
	cases := read(t, "test", "watch", "testdata", "alerts.yaml")
	if err := os.WriteFile(filepath.Join(dir, "alerts.yaml"), []byte(cases), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", filepath.Join(dir, "rules.yaml"))
	promtool(t, "test", "rules", filepath.Join(dir, "alerts.yaml"))

	// Each has a case in which it fires, and one in which it does not.
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name     string `json:"alertname"`
				Expected []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal([]byte(cases), &tests); err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range tests.Tests {
		for _, a := range test.Alerts {
			if len(a.Expected) > 0 {
				fires[a.Name] = true
			} else {
				quiet[a.Name] = true
			}
		}
	}
	for _, a := range alerts(t) {
		if !fires[a.Alert] || !quiet[a.Alert] {
			t.Errorf("%s: a case in which it fires: %t, one in which it does not: %t", a.Alert, fires[a.Alert], quiet[a.Alert])
		}
	}
}
