package controllers

import (
	"context"
	"sync"
	"testing"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// watchLegality checks every status that the API server ever shows in a namespace,
// not only those that a test happens to look at.
func watchLegality(w *world) {
	watching, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for _, list := range []client.ObjectList{&v1alpha1.TenantList{}, &v1alpha1.AccountProfileList{}, &v1alpha1.MyAccountProfileList{}, &v1alpha1.EventTemplateList{}} {
		events, err := watching.Watch(ctx, list, client.InNamespace(w.tenants))
		if err != nil {
			w.t.Fatal(err)
		}
		group.Go(func() {
			for event := range events.ResultChan() {
				if o, ok := event.Object.(client.Object); ok && event.Type != apiwatch.Deleted {
					w.checkLegal(o)
					w.checkHealth(o)
				}
			}
		})
	}
	w.t.Cleanup(func() {
		cancel()
		group.Wait()
	})
}

// flaps counts how often an object stopped being Ready while a test runs.
type flaps struct {
	mu    sync.Mutex
	count int
}

func (f *flaps) seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// watchFlaps counts the statuses in which a tenant is not Ready.
func watchFlaps(t *testing.T, tenant *v1alpha1.Tenant) *flaps {
	t.Helper()
	watching, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	events, err := watching.Watch(ctx, &v1alpha1.TenantList{}, client.InNamespace(tenant.Namespace), client.MatchingFields{"metadata.name": tenant.Name})
	if err != nil {
		t.Fatal(err)
	}
	f, done := &flaps{}, make(chan struct{})
	go func() {
		defer close(done)
		for event := range events.ResultChan() {
			if o, ok := event.Object.(*v1alpha1.Tenant); ok && !apimeta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
				f.mu.Lock()
				f.count++
				t.Logf("not Ready:\n%s", describe(o.Status.Conditions))
				f.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}
