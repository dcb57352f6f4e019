package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// declareServer declares a database server for every namespace, and returns its address.
func declareServer(t *testing.T) string {
	t.Helper()
	uri := postgreSQL.Manager(t)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: operatorNamespace, Name: "default", Labels: map[string]string{controllers.LabelServer: "true"},
		},
		StringData: map[string]string{"uri": uri, "allowedNamespaces": "*"},
	}
	if err := cluster.Client.Create(t.Context(), secret); err != nil {
		t.Fatalf("declare a database server: %v", err)
	}
	return uri
}

func sampleTenants(t *testing.T) []client.ObjectKey {
	t.Helper()
	var list v1alpha1.TenantList
	if err := cluster.Client.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	var keys []client.ObjectKey
	for i := range list.Items {
		keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
	}
	if len(keys) == 0 {
		t.Fatal("config/samples has no tenant")
	}
	return keys
}

// standInForPods does what nobody does here: it makes the pods of a tenant, and each
// acknowledges the documents that are live, with the login of its component.
func standInForPods(t *testing.T, tenant client.ObjectKey) {
	t.Helper()
	for _, component := range provision.Components() {
		key := client.ObjectKey{Namespace: tenant.Namespace, Name: provision.WorkloadName(tenant.Name, component)}
		kube.Eventually(t, "Deployment "+key.String()+" is there", func() error {
			return cluster.Client.Get(t.Context(), key, &metav1.PartialObjectMetadata{
				TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			})
		})
		for _, pod := range cluster.MakeReadyPods(t, key, 1) {
			acknowledge(t, tenant, component, pod.Name)
		}
	}
}

func acknowledge(t *testing.T, tenant client.ObjectKey, component provision.Component, pod string) {
	t.Helper()
	running := store.Replica{Pod: pod, Component: string(component), Digest: digest(t, tenant.Namespace, provision.SettingsName(tenant.Name))}
	if component == provision.Dispatcher {
		running.Routing = digest(t, tenant.Namespace, provision.RoutingName(tenant.Name))
	}
	var login corev1.Secret
	get(t, client.ObjectKey{Namespace: tenant.Namespace, Name: provision.DatabaseSecretName(tenant.Name, component)}, &login)
	pool, err := pgxpool.New(t.Context(), string(login.Data[provision.KeyURI]))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := store.New(pool).Acknowledge(t.Context(), running); err != nil {
		t.Fatalf("acknowledge as %s of %s: %v", component, tenant, err)
	}
}

// digest waits for the ConfigMap of a document, and returns what it names it by.
func digest(t *testing.T, namespace, name string) string {
	t.Helper()
	var live corev1.ConfigMap
	kube.Eventually(t, "ConfigMap "+name+" is there", func() error {
		return cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &live)
	})
	return live.Annotations[provision.AnnotationDigest]
}

func get(t *testing.T, key client.ObjectKey, into client.Object) {
	t.Helper()
	if err := cluster.Client.Get(t.Context(), key, into); err != nil {
		t.Fatalf("read %T %s: %v", into, key, err)
	}
}

// becomesReady waits for a tenant and looks at its status.
func becomesReady(t *testing.T, key client.ObjectKey) {
	t.Helper()
	var tenant v1alpha1.Tenant
	kube.Eventually(t, "Tenant "+key.String()+" is Ready", func() error {
		if err := cluster.Client.Get(t.Context(), key, &tenant); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(tenant.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("it is not: %v", tenant.Status.Conditions)
		}
		return nil
	})
	if err := kube.LegalStatus(&tenant); err != nil {
		t.Errorf("status of Tenant %s: %v", key, err)
	}
}

// namesASecret has a Tenant name a Secret that nobody has made, and waits until its status
// says so: the operator may look.
func namesASecret(t *testing.T, key client.ObjectKey) {
	t.Helper()
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"backoffice":{"eventSigningSecretRef":{"name":"nobodys"}}}}`))
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if err := cluster.Client.Patch(t.Context(), tenant, patch); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "the status names the Secret", func() error {
		if err := cluster.Client.Get(t.Context(), key, tenant); err != nil {
			return err
		}
		resolved := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionResolvedRefs)
		if resolved == nil || !strings.Contains(resolved.Message, `there is no Secret "nobodys"`) {
			return fmt.Errorf("it says %+v", resolved)
		}
		return nil
	})
}

// recordRefused returns a configuration whose clients record what the API server
// refuses for want of a right, and a function that lists it.
func recordRefused(config *rest.Config) (*rest.Config, func() []string) {
	var mu sync.Mutex
	var list []string
	recording := rest.CopyConfig(config)
	recording.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return transport(func(request *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(request)
			if err == nil && answer.StatusCode == http.StatusForbidden {
				mu.Lock()
				defer mu.Unlock()
				list = append(list, request.Method+" "+request.URL.Path)
			}
			return answer, err
		})
	})
	return recording, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
