package controllers

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func TestDriftIsHealed(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)

	deployment := w.deployment("acme-portal")
	edit(w, deployment, func(d *appsv1.Deployment) {
		d.Spec.Replicas = ptr.To(int32(7))
		d.Spec.Template.Spec.Containers[0].Image = "somebody/else:v1"
	})
	kube.Eventually(t, "the Deployment is as declared", func() error {
		d := w.deployment("acme-portal")
		return want(*d.Spec.Replicas == 2 && d.Spec.Template.Spec.Containers[0].Image == "foyer:test", true)
	})

	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-api"}}
	w.get(service)
	w.delete(service)
	w.delete(w.deployment("acme-backoffice"))
	kube.Eventually(t, "what was deleted is back", func() error {
		if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(service), &corev1.Service{}); err != nil {
			return err
		}
		return w.client.Get(t.Context(), client.ObjectKey{Namespace: w.tenants, Name: "acme-backoffice"}, &appsv1.Deployment{})
	})

	token, login := w.secret("acme-cli"), w.secret("acme-db-portal")
	w.delete(token)
	w.delete(login)
	kube.Eventually(t, "the Secrets are back after an edit of the tenant", func() error {
		edit(w, tenant, func(*v1alpha1.Tenant) { tenant.Spec.DisplayName += "." })
		if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(token), &corev1.Secret{}); err != nil {
			return err
		}
		return w.client.Get(t.Context(), client.ObjectKeyFromObject(login), &corev1.Secret{})
	})
	w.expect(tenant, "Ready=True")
}

func TestForeignObjectsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]client.Object{
		"ConfigMap": &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "acme-settings"}, Data: map[string]string{"theirs": "yes"}},
		"Service":   &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "acme-portal"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 99}}}},
		"Secret":    &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "acme-db-portal"}, StringData: map[string]string{provision.KeyURI: "postgres://them:theirs@there/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			foreign.SetNamespace(w.tenants)
			w.create(foreign)
			before := foreign.GetResourceVersion()
			tenant := w.tenant("acme")
			w.create(tenant)
			w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
			if m := message(tenant, "Ready"); !strings.Contains(m, name+" "+foreign.GetName()) {
				t.Errorf("the message does not name the object: %q", m)
			}
			w.get(foreign)
			if foreign.GetResourceVersion() != before {
				t.Error("somebody else's object was changed")
			}
			w.delete(foreign)
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Again" })
			w.expect(tenant, "Ready=True")
		})
	}
}

// TestDriftOfTheDocumentsMap is about what the ConfigMaps are by their metadata: ours, and
// in the cache.
func TestDriftOfTheDocumentsMap(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	for _, document := range []func(string) *corev1.ConfigMap{w.configMap, w.routingMap} {
		for _, label := range []string{provision.LabelManagedBy, provision.LabelTenant} {
			edit(w, document("acme"), func(c *corev1.ConfigMap) { delete(c.Labels, label) })
			kube.Eventually(t, "label "+label+" is back", func() error {
				return want(document("acme").Labels[label] != "", true)
			})
		}
	}
	w.expect(tenant, "Ready=True")
	edit(w, w.configMap("acme"), func(c *corev1.ConfigMap) { c.OwnerReferences = nil })
	w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
	w.delete(w.configMap("acme"))
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Again" })
	w.expect(tenant, "Ready=True")
}

// TestPasswordThatNoRoleCanHave: a password that somebody put into a Secret, and that
// the database would refuse for good, is replaced.
func TestPasswordThatNoRoleCanHave(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	login := w.secret("acme-db-portal")
	good := string(login.Data[provision.KeyURI])
	bad := withPassword(t, good, "pässword")
	edit(w, login, func(s *corev1.Secret) { s.Data[provision.KeyURI] = []byte(bad) })
	kube.Eventually(t, "there is a new password", func() error {
		edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName += "." })
		uri := string(w.secret("acme-db-portal").Data[provision.KeyURI])
		return want(uri != bad && uri != good, true)
	})
	w.expect(tenant, "Ready=True", "DatabaseReady=True")
}
