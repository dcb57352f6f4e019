package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers"
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

func get(t *testing.T, key client.ObjectKey, into client.Object) {
	t.Helper()
	if err := cluster.Client.Get(t.Context(), key, into); err != nil {
		t.Fatalf("read %T %s: %v", into, key, err)
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
