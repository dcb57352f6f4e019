package crd

import (
	"regexp"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"sigs.k8s.io/yaml"
)

// healthExpr is a health check of Flux, as docs/gitops.md has it.
type healthExpr struct {
	Kind            string
	Current, Failed string
}

// TestFluxExpressions evaluates the health checks of docs/gitops.md as Flux does, on
// statuses that a template has.
func TestFluxExpressions(t *testing.T) {
	expr := fluxExpression(t)
	accepted := []any{condition("Accepted"), condition("ResolvedRefs"), not(condition("Ready")), condition("Reconciling")}
	waiting := []any{not(condition("Accepted")), condition("ResolvedRefs"), not(condition("Ready")), condition("Reconciling")}
	refused := []any{not(condition("Accepted")), condition("ResolvedRefs"), not(condition("Ready")), condition("Stalled")}
	for name, test := range map[string]struct {
		observed        int64
		conditions      []any
		current, failed bool
	}{
		"not looked at yet":             {observed: -1},
		"accepted":                      {observed: 2, conditions: accepted, current: true},
		"refused":                       {observed: 2, conditions: refused, failed: true},
		"waits for a paused tenant":     {observed: 2, conditions: waiting},
		"accepted before the last edit": {observed: 1, conditions: accepted},
		"refused before the last edit":  {observed: 1, conditions: refused},
	} {
		object := map[string]any{
			"metadata": map[string]any{"generation": int64(2)},
			"status":   map[string]any{"observedGeneration": test.observed, "conditions": test.conditions},
		}
		if got := holds(t, expr.Current, object); got != test.current {
			t.Errorf("%s: current is %t, want %t", name, got, test.current)
		}
		if got := holds(t, expr.Failed, object); got != test.failed {
			t.Errorf("%s: failed is %t, want %t", name, got, test.failed)
		}
	}
}

func not(condition map[string]any) map[string]any {
	condition["status"] = "False"
	return condition
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// fluxExpression reads the health check of event templates from the page.
func fluxExpression(t *testing.T) healthExpr {
	t.Helper()
	for _, block := range yamlBlock.FindAllStringSubmatch(readFile(t, "docs", "gitops.md"), -1) {
		if !strings.Contains(block[1], "healthCheckExprs") {
			continue
		}
		var kustomization struct {
			Spec struct{ HealthCheckExprs []healthExpr }
		}
		if err := yaml.Unmarshal([]byte(block[1]), &kustomization); err != nil {
			t.Fatal(err)
		}
		if exprs := kustomization.Spec.HealthCheckExprs; len(exprs) == 1 && exprs[0].Kind == "EventTemplate" {
			return exprs[0]
		}
	}
	t.Fatal("docs/gitops.md has no health check of EventTemplate for Flux")
	return healthExpr{}
}

func holds(t *testing.T, expression string, object map[string]any) bool {
	t.Helper()
	env, err := cel.NewEnv(cel.Variable("metadata", cel.DynType), cel.Variable("status", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := env.Program(checked)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := program.Eval(object)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	yes, _ := answer.Value().(bool)
	return yes
}
