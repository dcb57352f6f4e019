package scale

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/bench/template"
)

const (
	// places is how many things the benchmark does at the same time, as many as the
	// operator has passes.
	places = 8
	// ofEach is how many account profiles, portal profiles and templates a tenant has.
	ofEach = 3
	// setUpLimit bounds the wait for a set-up.
	setUpLimit = 30 * time.Minute
)

// objectsPerTenant are the declared ones.
const objectsPerTenant = 1 + 3*ofEach

func tenantName(i int) string { return fmt.Sprintf("tenant-%04d", i) }

// objects are what a platform team declares of one tenant.
func objects(name string) []client.Object {
	tenantRef := v1alpha1.ObjectRef{Name: name}
	list := []client.Object{
		&v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name},
			Spec: v1alpha1.TenantSpec{
				DisplayName: "Provider " + name,
				Portal:      v1alpha1.PortalSpec{Hostname: "my." + name + ".example"},
				Attributes:  v1alpha1.Attributes{Currency: "EUR", Locale: "en-IE", TimeZone: "Europe/Dublin"},
			},
		},
	}
	for i := range ofEach {
		profile := fmt.Sprintf("profile-%d", i)
		list = append(list, &v1alpha1.AccountProfile{
			ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: profile},
			Spec: v1alpha1.AccountProfileSpec{
				TenantRef: tenantRef, DisplayName: "Customers of kind " + profile,
				Description:         "Customers who are billed every month and pay within the terms of this profile.",
				MyAccountProfileRef: v1alpha1.ObjectRef{Name: profile},
				Attributes:          v1alpha1.Attributes{TradingTermsDays: ptr.To(int32(14 + i))},
			},
		}, &v1alpha1.MyAccountProfile{
			ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: profile},
			Spec: v1alpha1.MyAccountProfileSpec{
				TenantRef: tenantRef, DisplayName: "Portal of " + profile,
				Description:    "What people of these customers see, and what they may do.",
				MyAccountFlags: []v1alpha1.MyAccountFlag{"ViewInvoices", "ViewActivity"},
			},
		})
		made := template.Of(name, name, fmt.Sprintf("template-%d", i), template.Events[i], profile)
		list = append(list, &made)
	}
	return list
}

// addTenants makes tenants until there are that many. Nobody waits for the operator.
func (w *world) addTenants(ctx context.Context, total int) error {
	w.progress("declaring tenants %d to %d, of %d objects each", w.tenants+1, total, objectsPerTenant)
	err := each(ctx, w.tenants, total, func(ctx context.Context, name string) error {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		for _, o := range append([]client.Object{namespace}, objects(name)...) {
			if err := w.cluster.Client.Create(ctx, o); err != nil {
				return fmt.Errorf("declare %T %s of %s: %w", o, o.GetName(), name, err)
			}
		}
		return nil
	})
	w.tenants = total
	return err
}

// each calls work for tenants, some at the same time.
func each(ctx context.Context, from, to int, work func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(places)
	for i := from; i < to && ctx.Err() == nil; i++ {
		group.Go(func() error { return work(ctx, tenantName(i)) })
	}
	return group.Wait()
}

// allReady waits until every object of every tenant is as it stays.
func (w *world) allReady(ctx context.Context) error {
	told := time.Now()
	return until(ctx, "every Tenant is ready", setUpLimit, time.Second, func() (bool, error) {
		var list v1alpha1.TenantList
		if err := w.cluster.Client.List(ctx, &list); err != nil {
			return false, fmt.Errorf("list Tenants: %w", err)
		}
		ready := 0
		for i := range list.Items {
			if meta.IsStatusConditionTrue(list.Items[i].Status.Conditions, v1alpha1.ConditionReady) {
				ready++
			}
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			w.progress("%d of %d tenants are ready", ready, w.tenants)
		}
		return ready == w.tenants, nil
	})
}
