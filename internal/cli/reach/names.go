package reach

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// TenantNames are those of the namespace.
func TenantNames(ctx context.Context, where Cluster) ([]string, error) {
	core, namespace, err := where.core()
	if err != nil {
		return nil, err
	}
	return names(ctx, core, "/apis/foyer.dev/v1alpha1/namespaces/"+namespace+"/tenants", func(o metav1.PartialObjectMetadata) string { return o.Name })
}

// TenantNamespaces are the namespaces that have tenants, or, for those who may not list the
// tenants of all, all namespaces.
func TenantNamespaces(ctx context.Context, where Cluster) ([]string, error) {
	core, _, err := where.core()
	if err != nil {
		return nil, err
	}
	found, err := names(ctx, core, "/apis/foyer.dev/v1alpha1/tenants", func(o metav1.PartialObjectMetadata) string { return o.Namespace })
	if err != nil {
		found, err = names(ctx, core, "/api/v1/namespaces", func(o metav1.PartialObjectMetadata) string { return o.Name })
	}
	return found, err
}

// names are what is taken of the metadata of a list, sorted, each once.
func names(ctx context.Context, core corev1client.CoreV1Interface, path string, take func(metav1.PartialObjectMetadata) string) ([]string, error) {
	text, err := core.RESTClient().Get().AbsPath(path).SetHeader("Accept", metadataOnly).Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	var found []string
	for _, o := range list.Items {
		found = append(found, take(o))
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// ContextNames are those of the kubeconfig.
func ContextNames(where Cluster) ([]string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = where.Kubeconfig
	config, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	var found []string
	for name := range config.Contexts {
		found = append(found, name)
	}
	slices.Sort(found)
	return found, nil
}

// Pods is where the pods of a tenant are.
type Pods struct {
	Core              corev1client.PodsGetter
	Namespace, Tenant string
}

// ClusterPods finds out which tenant is meant.
func ClusterPods(ctx context.Context, where Cluster) (Pods, error) {
	core, namespace, err := where.core()
	if err != nil {
		return Pods{}, err
	}
	p := Pods{Core: core, Namespace: namespace, Tenant: where.Tenant}
	if p.Tenant == "" {
		p.Tenant, err = onlyTenant(ctx, core.RESTClient(), namespace)
	}
	return p, err
}
