package controllers

import (
	"testing"

	"github.com/jackc/pgx/v5"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// connectionLimit is that of the login roles of a tenant's portal.
func (w *world) connectionLimit(schema string) int {
	w.t.Helper()
	connection, err := pgx.Connect(w.t.Context(), w.uri)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = connection.Close(w.t.Context()) }()
	var limit int
	err = connection.QueryRow(w.t.Context(), `SELECT max(rolconnlimit) FROM pg_roles WHERE rolname LIKE $1`, schema+`\_portal%`).Scan(&limit)
	if err != nil {
		w.t.Fatal(err)
	}
	return limit
}

// TestPortalFollowsItsLoad: an autoscaler decides over the pods, within the bounds, which can
// be changed, and until it is not wanted any more. The database has logins for all pods.
func TestPortalFollowsItsLoad(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	replicas := func(want int32) {
		t.Helper()
		kube.Eventually(t, "the portal has so many pods", func() error {
			if got := *w.deployment("acme-portal").Spec.Replicas; got != want {
				return errorf("%d are wanted, the Deployment has %d", want, got)
			}
			return nil
		})
	}
	before := w.connectionLimit(tenant.Status.Database.Schema)
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Replicas, t.Spec.Portal.Autoscaling = nil, v1alpha1.AutoscalingSpec{MinReplicas: 3, MaxReplicas: 8, TargetCPUPercent: 60}
	})
	w.expect(tenant, "Ready=True")
	replicas(3)
	kube.Eventually(t, "there are logins for all pods", func() error {
		return want(w.connectionLimit(tenant.Status.Database.Schema) > before, true)
	})
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 6}}
	if err := w.client.SubResource("scale").Update(t.Context(), w.deployment("acme-portal"), client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager")); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "all six are ready", func() error {
		return want(w.deployment("acme-portal").Status.ReadyReplicas, 6)
	})
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Resources.MemoryLimit = "300Mi" }) // another pod template
	w.expect(tenant, "Ready=True")
	replicas(6)

	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Autoscaling.MinReplicas = 7 })
	replicas(7)
	autoscaler := &autoscalingv2.HorizontalPodAutoscaler{}
	w.exists(autoscaler, "acme-portal", true)
	if *autoscaler.Spec.MinReplicas != 7 || autoscaler.Spec.MaxReplicas != 8 || *autoscaler.Spec.Metrics[0].Resource.Target.AverageUtilization != 60 {
		t.Errorf("the autoscaler: %+v", autoscaler.Spec)
	}
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Replicas, t.Spec.Portal.Autoscaling = ptr.To[int32](2), v1alpha1.AutoscalingSpec{}
	})
	replicas(2)
	w.exists(autoscaler, "acme-portal", false)
	w.expect(tenant, "Ready=True")
}
