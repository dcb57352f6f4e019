package edge

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
)

// refreshInterval is how long a new tenant waits for its address to work.
const refreshInterval = time.Second

// Routes leads host names to the Services of the cluster's tenants.
type Routes struct {
	reader client.Reader
	table  atomic.Pointer[map[string]*url.URL]
}

// NewRoutes reads the tenants once and keeps the table fresh until ctx ends.
func NewRoutes(ctx context.Context, reader client.Reader) (*Routes, error) {
	r := &Routes{reader: reader}
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	go r.keepFresh(ctx)
	return r, nil
}

// Target returns where requests for a host name go, nil for an unknown one.
func (r *Routes) Target(host string) *url.URL { return (*r.table.Load())[host] }

// Hosts returns the number of host names that lead somewhere.
func (r *Routes) Hosts() int { return len(*r.table.Load()) }

func (r *Routes) keepFresh(ctx context.Context) {
	tick := time.NewTicker(refreshInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// The old table keeps serving while the API server is away.
			if err := r.refresh(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("routes not refreshed", "error", err)
			}
		}
	}
}

func (r *Routes) refresh(ctx context.Context) error {
	var tenants foyerv1alpha1.TenantList
	if err := r.reader.List(ctx, &tenants); err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	var services corev1.ServiceList
	if err := r.reader.List(ctx, &services, client.HasLabels{"foyer.dev/tenant"}); err != nil {
		return fmt.Errorf("list services: %w", err)
	}
	addresses := map[types.NamespacedName]string{}
	for _, s := range services.Items {
		addresses[client.ObjectKeyFromObject(&s)] = s.Spec.ClusterIP
	}
	table := routeTable(tenants.Items, addresses)
	if old := r.table.Load(); old == nil || !maps.EqualFunc(*old, table, func(a, b *url.URL) bool { return *a == *b }) {
		r.table.Store(&table)
	}
	return nil
}

// routeTable: the portal at its own host name, the API below "api.".
func routeTable(tenants []foyerv1alpha1.Tenant, addresses map[types.NamespacedName]string) map[string]*url.URL {
	table := map[string]*url.URL{}
	for _, t := range tenants {
		if t.Status.PortalURL == "" {
			continue // a tenant whose host name was refused must not take its holder's
		}
		live, err := url.Parse(t.Status.PortalURL)
		if err != nil {
			continue
		}
		for host, service := range map[string]string{live.Hostname(): t.Name + "-portal", "api." + live.Hostname(): t.Name + "-api"} {
			if ip := addresses[types.NamespacedName{Namespace: t.Namespace, Name: service}]; ip != "" {
				table[host] = &url.URL{Scheme: "http", Host: ip}
			}
		}
	}
	return table
}
