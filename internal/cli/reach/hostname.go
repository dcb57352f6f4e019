package reach

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// HostnameHolder names another tenant of the cluster that has the host name of a tenant, and
// keeps it; empty: none does. known is false for who may not list the tenants of all
// namespaces.
func HostnameHolder(ctx context.Context, where Cluster, t *v1alpha1.Tenant) (holder string, known bool, err error) {
	config, _, err := where.load()
	if err != nil {
		return "", false, err
	}
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return "", false, fmt.Errorf("reach the cluster: %w", err)
	}
	answer := core.RESTClient().Get().AbsPath("/apis/foyer.dev/v1alpha1/tenants").Do(ctx)
	if err := answer.Error(); apierrors.IsForbidden(err) {
		return "", false, nil
	} else if err != nil {
		return "", false, fmt.Errorf("look for who has the host name: %w", err)
	}
	text, err := answer.Raw()
	if err != nil {
		return "", false, fmt.Errorf("look for who has the host name: %w", err)
	}
	var list v1alpha1.TenantList
	if err := json.Unmarshal(text, &list); err != nil {
		return "", false, fmt.Errorf("look for who has the host name: %w", err)
	}
	return holderOf(list.Items, t), true, nil
}

// holderOf decides as the operator does: who is live with the host name keeps it, and of
// others the oldest has it.
func holderOf(tenants []v1alpha1.Tenant, t *v1alpha1.Tenant) string {
	hostname := t.Spec.Portal.Hostname
	holds := func(t *v1alpha1.Tenant) bool { return strings.TrimPrefix(t.Status.PortalURL, "https://") == hostname }
	holder := t
	for i := range tenants {
		other := &tenants[i]
		if other.Namespace == t.Namespace && other.Name == t.Name || other.Spec.Portal.Hostname != hostname || other.DeletionTimestamp != nil {
			continue
		}
		if holds(other) && !holds(holder) || holds(other) == holds(holder) && isBefore(other, holder) {
			holder = other
		}
	}
	switch {
	case holder == t:
		return ""
	case holder.Namespace == t.Namespace:
		return holder.Name
	}
	return "of another namespace"
}

// isBefore says which of two tenants was made first; one that is not made yet is the last.
func isBefore(a, b *v1alpha1.Tenant) bool {
	if b.CreationTimestamp.IsZero() {
		return true
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Namespace+"/"+a.Name < b.Namespace+"/"+b.Name
}
