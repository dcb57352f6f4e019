package reach

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
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

	all map[[2]string]map[string]any // of the namespace, by kind and name
}

// Object is an object of the namespace as the cluster has it, of whichever tenant; nil: there is
// none.
func (o *Objects) Object(kind, name string) map[string]any { return o.all[[2]string{kind, name}] }

// ClusterObjects reads the objects of a tenant, and its documents.
func ClusterObjects(ctx context.Context, where Cluster) (Objects, error) {
	core, namespace, err := where.core()
	if err != nil {
		return Objects{}, err
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
	o.all = map[[2]string]map[string]any{}
	tenants, err := listed[v1alpha1.Tenant](ctx, client, o, "Tenant")
	if err != nil {
		return err
	}
	for i := range tenants {
		if tenants[i].Name == o.Tenant {
			o.Input.Tenant = &tenants[i]
		}
	}
	profiles, err := listed[v1alpha1.AccountProfile](ctx, client, o, "AccountProfile")
	if err != nil {
		return err
	}
	for _, p := range profiles {
		if p.Spec.TenantRef.Name == o.Tenant {
			o.AccountProfiles = append(o.AccountProfiles, p)
		}
	}
	portals, err := listed[v1alpha1.MyAccountProfile](ctx, client, o, "MyAccountProfile")
	if err != nil {
		return err
	}
	for _, p := range portals {
		if p.Spec.TenantRef.Name == o.Tenant {
			o.MyAccountProfiles = append(o.MyAccountProfiles, p)
		}
	}
	templates, err := listed[v1alpha1.EventTemplate](ctx, client, o, "EventTemplate")
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

// listed are the objects of a kind in the namespace.
func listed[T any](ctx context.Context, client rest.Interface, o *Objects, kind string) ([]T, error) {
	plural := strings.ToLower(kind) + "s"
	answer := client.Get().AbsPath("/apis/foyer.dev/v1alpha1/namespaces", o.Namespace, plural).Do(ctx)
	if err := answer.Error(); err != nil {
		return nil, failed(err, "read the objects of the tenant", "list "+plural+".foyer.dev", o.Namespace)
	}
	text, err := answer.Raw()
	if err != nil {
		return nil, fmt.Errorf("read the %s of the tenant: %w", plural, err)
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read the %s of the tenant: %w", plural, err)
	}
	typed := make([]T, len(list.Items))
	for i, item := range list.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item, &typed[i]); err != nil {
			return nil, fmt.Errorf("read the %s of the tenant: %w", plural, err)
		}
		metadata, _ := item["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		o.all[[2]string{kind, name}] = item
	}
	return typed, nil
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
