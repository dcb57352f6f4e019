package main

// Nobody runs pods beside an API server that is alone: this file does what they would.

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// standInUntilReady is the pods of tenants until these are Ready.
func standInUntilReady(t *testing.T, tenants ...client.ObjectKey) {
	t.Helper()
	for _, tenant := range tenants {
		standInUntil(t, tenant, "Tenant "+tenant.String()+" is Ready", func() error { return isReady(t, tenant) })
	}
}

// standInUntil is the pods of a tenant until a check passes.
func standInUntil(t *testing.T, tenant client.ObjectKey, what string, check func() error) {
	t.Helper()
	kube.Eventually(t, what, func() error {
		if err := standIn(t.Context(), tenant); err != nil {
			return err
		}
		return check()
	})
}

// becomesReady waits for a tenant whose pods are there.
func becomesReady(t *testing.T, tenant client.ObjectKey) {
	t.Helper()
	kube.Eventually(t, "Tenant "+tenant.String()+" is Ready", func() error { return isReady(t, tenant) })
}

// isReady says what keeps a tenant from being Ready. Its status is legal at any time.
func isReady(t *testing.T, key client.ObjectKey) error {
	t.Helper()
	var tenant v1alpha1.Tenant
	get(t, key, &tenant)
	if err := kube.LegalStatus(&tenant); err != nil {
		t.Errorf("status of Tenant %s: %v", key, err)
	}
	if !meta.IsStatusConditionTrue(tenant.Status.Conditions, v1alpha1.ConditionReady) {
		return fmt.Errorf("it is not: %v", tenant.Status.Conditions)
	}
	return nil
}

// standIn makes a pod of each component of a tenant, and has all its pods run what is live.
// It has to be done again when that has changed meanwhile.
func standIn(ctx context.Context, tenant client.ObjectKey) error {
	for _, component := range provision.Components() {
		key := client.ObjectKey{Namespace: tenant.Namespace, Name: provision.WorkloadName(tenant.Name, component)}
		if _, err := cluster.ReadyPods(ctx, key, 1); err != nil {
			return err
		}
	}
	return acknowledgeAll(ctx, tenant)
}

// keepAcknowledging has the pods of a tenant run what is live, a moment after it is.
func keepAcknowledging(t *testing.T, tenant client.ObjectKey) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				if err := acknowledgeAll(ctx, tenant); err != nil && ctx.Err() == nil {
					t.Logf("acknowledge: %v", err)
				}
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

func acknowledgeAll(ctx context.Context, tenant client.ObjectKey) error {
	var pods corev1.PodList
	if err := cluster.Client.List(ctx, &pods, client.InNamespace(tenant.Namespace), client.MatchingLabels{provision.LabelTenant: tenant.Name}); err != nil {
		return err
	}
	live := func(name string) (string, error) {
		var document corev1.ConfigMap
		err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: tenant.Namespace, Name: name}, &document)
		return document.Annotations[provision.AnnotationDigest], err
	}
	settings, err := live(provision.SettingsName(tenant.Name))
	if err != nil {
		return err
	}
	routing, err := live(provision.RoutingName(tenant.Name))
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		component := provision.Component(pod.Labels[provision.LabelComponent])
		running := store.Replica{Pod: pod.Name, Component: string(component), Digest: settings}
		if component == provision.Dispatcher {
			running.Routing = routing
		}
		if err := acknowledgeOne(ctx, tenant, component, running); err != nil {
			return err
		}
	}
	return nil
}

func acknowledgeOne(ctx context.Context, tenant client.ObjectKey, component provision.Component, running store.Replica) error {
	var login corev1.Secret
	if err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: tenant.Namespace, Name: provision.DatabaseSecretName(tenant.Name, component)}, &login); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, string(login.Data[provision.KeyURI]))
	if err != nil {
		return err
	}
	defer pool.Close()
	return store.New(pool).Acknowledge(ctx, running)
}
