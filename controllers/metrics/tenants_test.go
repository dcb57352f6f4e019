package metrics

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// series are what Prometheus would see of the tenants.
func series(t *testing.T) (list []string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(known)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.Metric {
			text := family.GetName()
			for _, label := range metric.Label {
				text += " " + label.GetValue()
			}
			list = append(list, fmt.Sprint(text, " = ", metric.GetGauge().GetValue()))
		}
	}
	return list
}

// What is said of a tenant replaces what was said before, and nothing is left of one that is
// gone.
func TestTenants(t *testing.T) {
	key := types.NamespacedName{Namespace: "customers", Name: "acme"}
	accounts := int64(7)
	SetTenant(key, Tenant{
		Conditions: []metav1.Condition{{Type: "Ready", Status: metav1.ConditionFalse, Reason: "Pending"}}, Generation: 2, LiveGeneration: 1,
		Accounts: &accounts, Rejected: 3,
	})
	want := []string{
		"foyer_orphaned_profiles customers acme = 0", "foyer_rejected_objects customers acme = 3", "foyer_tenant_accounts customers acme = 7",
		"foyer_tenant_condition customers Pending acme Ready = 0", "foyer_tenant_live_generation_lag customers acme = 1",
		"foyer_tenant_replicas customers programmed acme = 0", "foyer_tenant_replicas customers ready acme = 0",
	}
	if diff := cmp.Diff(want, series(t)); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	SetTenant(key, Tenant{
		Conditions: []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Ready"}, {Type: "Programmed", Status: metav1.ConditionUnknown, Reason: "DatabaseUnreachable"}},
		Generation: 2, LiveGeneration: 2, Orphaned: 1, Ready: 4, Programmed: 3, Unloaded: map[string]bool{"routing": true}, RotatedAt: time.Unix(60, 0),
	})
	want = []string{
		"foyer_document_load_failed routing customers acme = 1", "foyer_orphaned_profiles customers acme = 1", "foyer_rejected_objects customers acme = 0",
		"foyer_tenant_condition customers DatabaseUnreachable acme Programmed = -1", "foyer_tenant_condition customers Ready acme Ready = 1",
		"foyer_tenant_live_generation_lag customers acme = 0", "foyer_tenant_login_rotation_timestamp_seconds customers acme = 60",
		"foyer_tenant_replicas customers programmed acme = 3", "foyer_tenant_replicas customers ready acme = 4",
	}
	if diff := cmp.Diff(want, series(t)); diff != "" {
		t.Errorf("later (-want +got):\n%s", diff)
	}
	SetTenant(key, Tenant{DeletedAt: time.Unix(1000, 0)})
	if diff := cmp.Diff([]string{"foyer_tenant_deletion_timestamp_seconds customers acme = 1000"}, series(t)); diff != "" {
		t.Errorf("while it is being deleted (-want +got):\n%s", diff)
	}
	Forget(key)
	if left := series(t); len(left) > 0 {
		t.Errorf("when it is gone: %v", left)
	}
}

// Passes that fail in a row are counted until one is done; those that start again are neither.
func TestPassesThatFail(t *testing.T) {
	key := types.NamespacedName{Namespace: "customers", Name: "acme"}
	failing := func() (list []string) {
		t.Helper()
		registry := prometheus.NewRegistry()
		registry.MustRegister(failedPasses)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, metric := range family.Metric {
				list = append(list, fmt.Sprint(metric.Label[0].GetValue(), "/", metric.Label[1].GetValue(), " ", metric.GetGauge().GetValue()))
			}
		}
		return list
	}
	for _, step := range []struct {
		result string
		want   []string
	}{
		{ResultDone, nil}, {ResultError, []string{"customers/acme 1"}}, {ResultConflict, []string{"customers/acme 1"}},
		{ResultError, []string{"customers/acme 2"}}, {ResultDone, nil}, {ResultError, []string{"customers/acme 1"}}, {ResultDone, nil},
	} {
		Passed(key, step.result)
		if diff := cmp.Diff(step.want, failing()); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", step.result, diff)
		}
	}
}

// What alerts ask for by how much it rises is counted from 0 on, so that the first is seen as
// well.
func TestCountersBeginAtZero(t *testing.T) {
	Wrote("Widget", nil)
	for name, count := range map[string]struct {
		of   prometheus.Collector
		want int
	}{"passes": {Passes, 3}, "watch errors": {WatchErrors, 5}, "deletions": {Deletions, 2}, "write errors of what was written": {WriteErrors, 1}} {
		series := make(chan prometheus.Metric, 100)
		count.of.Collect(series)
		if len(series) != count.want {
			t.Errorf("%s: %d series, want %d", name, len(series), count.want)
		}
	}
}
