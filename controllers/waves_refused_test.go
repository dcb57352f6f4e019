package controllers

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/wave"
)

// TestWaveRefusedHalts: a tenant whose pods the cluster does not take has failed as one whose
// pods do not become ready, and goes on by itself.
func TestWaveRefusedHalts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "canary", "x")
	f.stop()
	f.is("v2", 1)
	var off atomic.Bool
	limited := rest.CopyConfig(cluster.Config)
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return policy{next, "/deployments/canary-backoffice", &off, http.StatusForbidden}
	})
	f.startOperator(limited, nil)
	f.expect(f.tenants["canary"], "Ready=False/RolloutFailed", "Stalled=True", "PortalAvailable=True")
	if m := message(f.tenants["canary"], "Ready"); !strings.Contains(m, "exceeded quota") || !strings.Contains(m, "foyer.dev/ignore-rollout-failure=v2") {
		t.Errorf("Ready says %q", m)
	}
	f.waits("RolloutHalted", "x")
	f.give("*")
	off.Store(true)
	f.runs("canary", "v2")
	f.runs("x", "v2")
	f.expect(f.tenants["canary"], "Ready=True/Ready")
}

// TestWaveFailedCanaryIsWaitedFor: what a canary said of the former release is no reason not to
// wait for it with the next one. No other tenant overtakes it.
func TestWaveFailedCanaryIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "canary", "a")
	f.upgrade("v2", 1)
	f.begun("canary", "v2")
	f.fails("canary")
	f.expect(f.tenants["canary"], "Stalled=True", "Ready=False/RolloutFailed")
	for reason, stuck := range map[string]bool{"RolloutFailed": false, "Contested": false, "Invalid": true} {
		canary := f.tenants["canary"].DeepCopy()
		meta.FindStatusCondition(canary.Status.Conditions, v1alpha1.ConditionStalled).Reason = reason
		if isStuck(canary) != stuck {
			t.Errorf("with %q, is it stuck: %v", reason, !stuck)
		}
	}
	f.upgrade("v3", 1)
	f.begun("canary", "v3")
	f.waits("RolloutWaiting", "a")
}

// TestWaveRefusedIsIgnored: whose pods are refused before any is made keeps its turn, and no
// place.
func TestWaveRefusedIsIgnored(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "a", "canary")
	f.stop()
	f.is("v2", 1)
	var off atomic.Bool
	limited := rest.CopyConfig(cluster.Config)
	for _, component := range provision.Components() {
		limited.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return policy{next, "/deployments/canary-" + string(component), &off, http.StatusForbidden}
		})
	}
	f.startOperator(limited, nil)
	f.waits("RolloutHalted", "a")
	f.give("*")
	edit(f.world, f.tenants["canary"], func(t *v1alpha1.Tenant) { t.Annotations = map[string]string{wave.AnnotationIgnore: "v2"} })
	f.runs("a", "v2")
	if images := f.images("canary"); images != "v1 v1 v1" {
		t.Errorf("the refused one has %s", images)
	}
	off.Store(true)
	f.runs("canary", "v2")
}
