package controllers

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/otlp"
	"github.com/foyerhq/foyer/internal/tracing"
)

// decisions are the lines that the operators of the tests have written.
var decisions struct {
	mu    sync.Mutex
	lines []string
}

// decisionsOf are those about the tenants of a namespace.
func decisionsOf(namespace string) (lines []string) {
	decisions.mu.Lock()
	defer decisions.mu.Unlock()
	for _, line := range decisions.lines {
		if rest, ok := strings.CutPrefix(line, fmt.Sprintf(`"namespace"=%q `, namespace)); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}

// keepDecisions keeps the lines of decisions, and prints all lines if that is wanted.
func keepDecisions(show bool) {
	log.SetLogger(funcr.New(func(prefix, args string) {
		if show {
			fmt.Println(prefix, args)
		}
		if prefix != "decision" {
			return
		}
		decisions.mu.Lock()
		defer decisions.mu.Unlock()
		what, about, _ := strings.Cut(strings.TrimPrefix(args, `"level"=0 "msg"=`), " ")
		namespace, rest, _ := strings.Cut(about, ` "tenant"=`)
		decisions.lines = append(decisions.lines, namespace+" "+what+` "tenant"=`+rest)
	}, funcr.Options{Verbosity: 1}))
}

// An edit is one trace, from the first pass that sees it until every replica runs it, with
// what it took, and the number that replicas find in the digest. What is rejected is one as
// well; a tenant at rest makes none. Each decision is one line of the log.
func TestAnEditIsATrace(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	stop, err := tracing.Start(t.Context(), receiver.Environment, "manager", "v1", "manager-1")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	never := w.tenant("never") // comes to its end with its Tenant
	never.Spec.Database.ServerRef.Name = "nowhere"
	w.create(never)
	w.expect(never, "DatabaseReady=False/ServerNotFound")
	w.delete(never)
	w.expectGone(never)
	tenant, profile := w.tenant("acme"), w.accountProfile("acme", "business")
	w.create(tenant, profile)
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=True")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Others" })
	w.expect(profile, "Ready=True")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "nowhere" })
	w.expect(profile, "Ready=False")
	kube.Eventually(t, "the decisions are told", func() error {
		want := []string{
			`"accepted" kind=AccountProfile generation=1`, `"accepted" kind=AccountProfile generation=2`, `"accepted" kind=Tenant generation=1`,
			`"live" document=settings`, `"live" document=settings`, `"live" document=routing`,
			`"programmed" kind=AccountProfile generation=1`, `"programmed" kind=AccountProfile generation=2`, `"programmed" kind=Tenant generation=1`,
		}
		got := inShort(decisionsOf(w.tenants))
		for _, line := range want {
			if !slices.Contains(got, line) {
				return errorf("%s is missing in\n%s", line, strings.Join(got, "\n"))
			}
		}
		return nil
	})
	w.stop()
	stop()

	edits := map[string][]otlp.Span{} // by outcome
	names := map[string]map[string]bool{}
	for _, s := range receiver.Spans() {
		if names[s.Trace] == nil {
			names[s.Trace] = map[string]bool{}
		}
		names[s.Trace][s.Name] = true
		if s.Name == "edit" && s.Attributes[tracing.KeyNamespace] == w.tenants {
			edits[s.Attributes[tracing.KeyOutcome]] = append(edits[s.Attributes[tracing.KeyOutcome]], s)
		}
	}
	if len(edits[outcomeProgrammed]) == 0 || len(edits[outcomeRejected])+len(edits[outcomeUnchanged]) == 0 {
		t.Fatalf("edits by outcome: %+v", edits)
	}
	if gone := edits[outcomeDeleted]; len(gone) != 1 || gone[0].Attributes[tracing.KeyTenant] != "never" {
		t.Errorf("edits that ended with their Tenant: %+v", gone)
	}
	last := edits[outcomeProgrammed][len(edits[outcomeProgrammed])-1]
	if digest := strings.TrimPrefix(last.Attributes[tracing.KeySettings], "sha256:"); last.Trace != digest[:32] {
		t.Errorf("the trace is %s, the digest %s", last.Trace, digest)
	}
	for _, name := range []string{"pass", "gather", "compile", "publish", "acknowledge", "report", "SQL SELECT"} {
		if !names[last.Trace][name] {
			t.Errorf("the trace of an edit lacks %s: %v", name, names[last.Trace])
		}
	}
	if diff := cmp.Diff("acme", last.Attributes[tracing.KeyTenant]); diff != "" {
		t.Error(diff)
	}
}

// inShort are decisions without what differs from run to run.
func inShort(lines []string) (short []string) {
	for _, line := range lines {
		what, _, _ := strings.Cut(line, " ")
		for _, key := range []string{"kind", "document", "generation"} {
			if _, value, found := strings.Cut(line, fmt.Sprintf("%q=", key)); found {
				value, _, _ = strings.Cut(value, " ")
				what += " " + key + "=" + strings.Trim(value, `"`)
			}
		}
		short = append(short, what)
	}
	return short
}
