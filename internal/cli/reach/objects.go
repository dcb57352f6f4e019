package reach

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// Objects are those of a tenant in a cluster, with the documents that are live.
type Objects struct {
	Namespace, Tenant string
	compile.Input
}

// ClusterObjects reads the objects of a tenant, and its documents.
func ClusterObjects(ctx context.Context, where Cluster) (Objects, error) {
	config, namespace, err := where.load()
	if err != nil {
		return Objects{}, err
	}
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return Objects{}, fmt.Errorf("reach the cluster: %w", err)
	}
	o := Objects{Namespace: namespace, Tenant: where.Tenant}
	if o.Tenant == "" {
		if o.Tenant, err = onlyTenant(ctx, core.RESTClient(), namespace); err != nil {
			return o, err
		}
	}
	if err := o.read(ctx, core.RESTClient()); err != nil {
		return o, err
	}
	return o, o.readDocuments(ctx, core)
}

func (o *Objects) read(ctx context.Context, client rest.Interface) error {
	tenants, err := listed[v1alpha1.Tenant](ctx, client, o.Namespace, "tenants")
	if err != nil {
		return err
	}
	for i := range tenants {
		if tenants[i].Name == o.Tenant {
			o.Input.Tenant = &tenants[i]
		}
	}
	profiles, err := listed[v1alpha1.AccountProfile](ctx, client, o.Namespace, "accountprofiles")
	if err != nil {
		return err
	}
	for _, p := range profiles {
		if p.Spec.TenantRef.Name == o.Tenant {
			o.AccountProfiles = append(o.AccountProfiles, p)
		}
	}
	portals, err := listed[v1alpha1.MyAccountProfile](ctx, client, o.Namespace, "myaccountprofiles")
	if err != nil {
		return err
	}
	for _, p := range portals {
		if p.Spec.TenantRef.Name == o.Tenant {
			o.MyAccountProfiles = append(o.MyAccountProfiles, p)
		}
	}
	templates, err := listed[v1alpha1.EventTemplate](ctx, client, o.Namespace, "eventtemplates")
	if err != nil {
		return err
	}
	for _, t := range templates {
		if t.Spec.TenantRef.Name == o.Tenant {
			o.EventTemplates = append(o.EventTemplates, t)
		}
	}
	return nil
}

// listed are the objects of a kind in a namespace.
func listed[T any](ctx context.Context, client rest.Interface, namespace, plural string) ([]T, error) {
	answer := client.Get().AbsPath("/apis/foyer.dev/v1alpha1/namespaces", namespace, plural).Do(ctx)
	if err := answer.Error(); err != nil {
		return nil, failed(err, "read the objects of the tenant", "list "+plural+".foyer.dev", namespace)
	}
	text, err := answer.Raw()
	if err != nil {
		return nil, fmt.Errorf("read the %s of the tenant: %w", plural, err)
	}
	var list struct {
		Items []T `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read the %s of the tenant: %w", plural, err)
	}
	return list.Items, nil
}

// readDocuments reads what is live. A tenant of which nothing is live has none.
func (o *Objects) readDocuments(ctx context.Context, core corev1client.ConfigMapsGetter) error {
	for _, document := range []struct {
		name string
		take func(data map[string]string, binary map[string][]byte) error
	}{
		{o.Tenant + "-settings", func(data map[string]string, _ map[string][]byte) error {
			if text := data[config.File]; text != "" {
				o.Live = []byte(text)
			}
			return nil
		}},
		{o.Tenant + "-routing", func(_ map[string]string, binary map[string][]byte) (err error) {
			if packed := binary[config.RoutingFile]; len(packed) > 0 {
				o.LiveRouting, err = config.Unpack(packed)
			}
			return err
		}},
	} {
		found, err := core.ConfigMaps(o.Namespace).Get(ctx, document.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return failed(err, "read what is live of the tenant", "get configmaps", o.Namespace)
		}
		if err := document.take(found.Data, found.BinaryData); err != nil {
			return fmt.Errorf("read ConfigMap %s: %w", document.name, err)
		}
	}
	return nil
}
