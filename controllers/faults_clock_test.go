package controllers

import (
	"slices"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestClockIsWrong: the operator's clock is minutes ahead of those of the API server and the
// database, or behind them. Tenants become ready, edits go live, a pod that the cache does not
// show yet keeps its row, a new image rolls and fails nobody, and data is deleted that is to be.
func TestClockIsWrong(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"ahead": 11 * time.Minute, "behind": -11 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietWorld(t)
			w.declareServer("default", w.uri, w.tenants)
			is := func(version string) {
				w.options = func(o *Options) {
					o.now = func() time.Time { return time.Now().Add(skew) }
					o.Version, o.Image = version, "foyer:"+version
				}
				w.startOperator(cluster.Config, nil)
			}
			is("v1")
			w.replicas = startReplicas(w)
			tenant, profile := w.deleteTenant("acme"), w.accountProfile("acme", "business")
			w.create(tenant, profile)
			w.expect(tenant, "Ready=True/Ready")
			w.expect(profile, "Ready=True")

			rows := w.sql("SET search_path TO "+tenant.Status.Database.Schema,
				"INSERT INTO replica (pod, component, digest, error) VALUES ('unseen', 'portal', 'x', '')")
			patch(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.Attributes.TradingTermsDays = ptr.To(int32(7)) })
			w.expect(profile, "Ready=True")
			w.expect(tenant, "Ready=True/Ready")
			if pods := texts(t, rows, "SELECT pod FROM replica"); !slices.Contains(pods, "unseen") {
				t.Errorf("the row of a pod that was not seen yet is gone: %v", pods)
			}

			w.stop()
			is("v2")
			kube.Eventually(t, "the tenant runs the new image", func() error {
				w.expect(tenant, "Ready=True")
				return want(tenant.Status.Version, "v2")
			})
			w.delete(tenant)
			w.expectGone(tenant)
			w.expectNoData(tenant)
		})
	}
}
