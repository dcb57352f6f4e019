// Package index names the indexes of the manager's cache, so that no question of a
// pass reads a whole list: which profiles and templates name a tenant, which tenants are on a
// server, which tenants ask for a host name or have it.
package index

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// The indexes.
const (
	// ObjectsByTenant holds AccountProfiles, MyAccountProfiles and EventTemplates by the
	// tenant that they name; use it together with a namespace.
	ObjectsByTenant = "foyer.tenant"
	// TenantsByServer holds Tenants by the name of their database server.
	TenantsByServer = "foyer.server"
	// TenantsByHostname holds Tenants by the host names that they ask for and by those
	// that they are reached at, which may differ.
	TenantsByHostname = "foyer.hostname"
)

// DefaultServer is the database server of a tenant that names none.
const DefaultServer = "default"

// urlScheme begins every URL of a site.
const urlScheme = "https://"

// Register adds every index to a cache.
func Register(ctx context.Context, indexer client.FieldIndexer) error {
	for _, i := range []struct {
		object client.Object
		name   string
		values client.IndexerFunc
	}{
		{&v1alpha1.AccountProfile{}, ObjectsByTenant, tenantOf},
		{&v1alpha1.MyAccountProfile{}, ObjectsByTenant, tenantOf},
		{&v1alpha1.EventTemplate{}, ObjectsByTenant, tenantOf},
		{&v1alpha1.Tenant{}, TenantsByServer, func(o client.Object) []string { return []string{Server(o.(*v1alpha1.Tenant))} }},
		{&v1alpha1.Tenant{}, TenantsByHostname, func(o client.Object) []string { return Hostnames(o.(*v1alpha1.Tenant)) }},
	} {
		if err := indexer.IndexField(ctx, i.object, i.name, i.values); err != nil {
			return fmt.Errorf("index %s of %T: %w", i.name, i.object, err)
		}
	}
	return nil
}

func tenantOf(o client.Object) []string { return []string{Tenant(o)} }

// Tenant is the name of the tenant that a profile or a template names.
func Tenant(o client.Object) string {
	switch p := o.(type) {
	case *v1alpha1.AccountProfile:
		return p.Spec.TenantRef.Name
	case *v1alpha1.MyAccountProfile:
		return p.Spec.TenantRef.Name
	case *v1alpha1.EventTemplate:
		return p.Spec.TenantRef.Name
	default:
		return ""
	}
}

// Server is the name of a tenant's database server.
func Server(t *v1alpha1.Tenant) string {
	if name := t.Spec.Database.ServerRef.Name; name != "" {
		return name
	}
	return DefaultServer
}

// Hostnames are the host names that a tenant asks for and those that it has, of its portal
// and of its API.
func Hostnames(t *v1alpha1.Tenant) []string {
	names := append([]string{t.Spec.Portal.Hostname, t.Spec.Backoffice.API.Hostname}, HeldHostnames(t)...)
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// HeldHostnames are the host names at which a tenant is reached, by its status. There are
// none while nothing of the tenant is live.
func HeldHostnames(t *v1alpha1.Tenant) []string {
	var names []string
	for _, url := range []string{t.Status.PortalURL, t.Status.APIURL} {
		if name := strings.TrimPrefix(url, urlScheme); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// URL is the address of a site at a host name.
func URL(hostname string) string { return urlScheme + hostname }
