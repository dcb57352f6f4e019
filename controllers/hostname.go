package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
)

// hostnameHolder names another tenant that has the host name which this one asks for, for
// its portal or its API: the one that is reached there, or else the oldest that asks for it.
func (r *Reconciler) hostnameHolder(ctx context.Context, t *v1alpha1.Tenant, hostname string) (string, error) {
	if hostname == "" {
		return "", nil
	}
	var list v1alpha1.TenantList
	if err := r.client.List(ctx, &list, client.MatchingFields{index.TenantsByHostname: hostname}); err != nil {
		return "", fmt.Errorf("read tenants by host name: %w", err)
	}
	holder := t
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != t.UID && other.DeletionTimestamp == nil && precedes(other, holder, hostname) {
			holder = other
		}
	}
	switch {
	case holder == t:
		return "", nil
	case holder.Namespace == t.Namespace:
		return holder.Name, nil
	default: // who that is is no business of this namespace
		return "of another namespace", nil
	}
}

// precedes says whether a has the better claim to a host name: it is reached
// there, or nobody holds it and it is older.
func precedes(a, b *v1alpha1.Tenant, hostname string) bool {
	holdsA, holdsB := slices.Contains(index.HeldHostnames(a), hostname), slices.Contains(index.HeldHostnames(b), hostname)
	if holdsA != holdsB {
		return holdsA
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return client.ObjectKeyFromObject(a).String() < client.ObjectKeyFromObject(b).String()
}

// errClaimed: another tenant has just taken the host name. Its status is about to say
// so, and then this tenant is told.
var errClaimed = errors.New("another tenant has just taken the host name")

// claims are the host names that this process has made live: a status that says so
// reaches the cache a moment later, and two tenants must not take one name in it.
type claims struct {
	mu   sync.Mutex
	held map[string]types.NamespacedName // by host name
}

// take claims host names for a tenant, all of them, if no other tenant has one.
func (c *claims) take(hostnames []string, key types.NamespacedName) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, hostname := range hostnames {
		if holder, taken := c.held[hostname]; taken && holder != key {
			return false
		}
	}
	for _, hostname := range hostnames {
		c.held[hostname] = key
	}
	return true
}

// release gives up every host name of a tenant but some.
func (c *claims) release(key types.NamespacedName, keep []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for hostname, holder := range c.held {
		if holder == key && !slices.Contains(keep, hostname) {
			delete(c.held, hostname)
		}
	}
}
