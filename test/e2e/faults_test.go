//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
)

// The database goes away: the tenant says so in plain words, nothing spins, the
// portal answers 503 with a page for people, and all recovers by itself.
func TestDatabaseOutage(t *testing.T) {
	dana := signIn(t, "dana")
	pods := portalPods(t, cluster(t))
	before := identities(pods)
	t.Cleanup(func() { demoCommand(t, "database-start") })
	demoCommand(t, "database-stop")

	eventually(t, 90*time.Second, "the tenant's word about its database", func() string {
		message := mustKubectl(t, "--namespace", "acme", "get", "tenant", "acme", "-o", "jsonpath={.status.conditions[?(@.type=='DatabaseReady')].status} {.status.conditions[?(@.type=='DatabaseReady')].message}")
		if !strings.HasPrefix(message, "False") || !strings.Contains(message, "default") {
			return message
		}
		return ""
	})
	status, body, err := dana.Get(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "Acme Telecom") {
		t.Errorf("the portal answers %d, wanted 503 with the provider's own page:\n%.600s", status, body)
	}
	for _, internal := range []string{"postgres", "10.88.", "25432", "pgx", "connection refused"} {
		if strings.Contains(strings.ToLower(body), internal) {
			t.Errorf("the page for customers contains %q", internal)
		}
	}
	demoCommand(t, "database-start")
	waitReady(t, "tenant/acme")
	if err := dana.Expect(t.Context(), "/", http.StatusOK, []string{"Dana Whitfield"}); err != nil {
		t.Errorf("after the outage: %v", err)
	}
	if after := identities(portalPods(t, cluster(t))); after != before {
		t.Errorf("pods changed in the outage:\n%s\nbefore:\n%s", after, before)
	}
}

// The operator is killed in the middle of its work, several times: it converges.
func TestOperatorKilledInTheMiddle(t *testing.T) {
	t.Cleanup(func() { restoreSamples(t) })
	dana := cookiesOf(t, "dana")
	for _, days := range []int{31, 32, 33} {
		patch := fmt.Sprintf(`{"spec":{"attributes":{"tradingTermsDays":%d}}}`, days)
		mustKubectl(t, "--namespace", "acme", "patch", "accountprofile", "business", "--type=merge", "--patch", patch)
		mustKubectl(t, "--namespace", operatorNamespace, "delete", "pods", "--all", "--grace-period=0", "--force")
	}
	eventually(t, 90*time.Second, "the last edit live", func() string {
		for _, pod := range portalPods(t, cluster(t)) {
			if missing := lacks(t, pod, dana, "/", "33 days"); missing != "" {
				return missing
			}
		}
		return ""
	})
	waitReady(t, "accountprofile/business")
	waitReady(t, "tenant/acme")
}

// Nothing changes: for a minute nobody writes anything but leases.
func TestNoWritesWhileNothingChanges(t *testing.T) {
	waitReady(t, "tenant/acme")
	c := cluster(t)
	// What was going on before the test must have come to rest.
	settled := versions(t, c)
	eventually(t, 2*time.Minute, "ten seconds without a change", func() string {
		quiet, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		<-quiet.Done()
		now := versions(t, c)
		defer func() { settled = now }()
		return difference(settled, now)
	})
	minute, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	<-minute.Done()
	if changed := difference(settled, versions(t, c)); changed != "" {
		t.Errorf("written while nothing changed:\n%s", changed)
	}
}

// versions notes the resource version of everything that Foyer could write.
func versions(t *testing.T, c client.Client) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, list := range []client.ObjectList{
		&foyerv1alpha1.TenantList{}, &foyerv1alpha1.AccountProfileList{}, &foyerv1alpha1.MyAccountProfileList{}, &foyerv1alpha1.EventTemplateList{},
		&corev1.ConfigMapList{}, &corev1.SecretList{}, &corev1.ServiceList{}, &corev1.PodList{}, &corev1.ServiceAccountList{}, &corev1.EventList{},
		&appsv1.DeploymentList{}, &appsv1.ReplicaSetList{}, &discoveryv1.EndpointSliceList{},
	} {
		for _, namespace := range []string{"acme", "nordlicht", operatorNamespace} {
			if err := c.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
				t.Fatal(err)
			}
			objects, err := meta.ExtractList(list)
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range objects {
				o := object.(client.Object)
				found[fmt.Sprintf("%T %s/%s", o, o.GetNamespace(), o.GetName())] = o.GetResourceVersion()
			}
		}
	}
	return found
}

func difference(before, after map[string]string) string {
	var changed []string
	for name, version := range after {
		if before[name] != version {
			changed = append(changed, name)
		}
	}
	for name := range before {
		if after[name] == "" {
			changed = append(changed, name+" (deleted)")
		}
	}
	slices.Sort(changed)
	return strings.Join(changed, "\n")
}
