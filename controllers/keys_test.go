package controllers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// editUntil edits the tenant, each of which is a reason to look at its Secrets, until
// something is so.
func (w *world) editUntil(tenant *v1alpha1.Tenant, what string, holds func() error) {
	w.t.Helper()
	kube.Eventually(w.t, what, func() error {
		edit(w, tenant, func(t *v1alpha1.Tenant) {
			if t.Spec.DisplayName += "."; len(t.Spec.DisplayName) > 70 {
				t.Spec.DisplayName = "Tenant"
			}
		})
		return holds()
	})
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	made := w.secret("acme-keys")
	for _, name := range []string{"link", "seal"} {
		if keys, err := config.ParseKeyFile(name, made.Data[name]); err != nil || len(keys) != 1 {
			t.Errorf("%s has %d keys: %v", name, len(keys), err)
		}
	}
	if len(made.OwnerReferences) > 0 || made.Labels[provision.LabelTenant] != "acme" ||
		made.Annotations[provision.AnnotationMadeFor] != "Tenant "+w.tenants+"/acme of cluster "+clusterOf(t, w) {
		t.Errorf("the Secret has owners %v, labels %v and annotations %v", made.OwnerReferences, made.Labels, made.Annotations)
	}

	// A new key in front of the old one, by hand, stays; what is missing is made.
	newer := "bmV3ZXIgYnkgaGFuZCBuZXdlciBieSBoYW5kIG5ld2U=\n" + string(made.Data["link"])
	edit(w, made.DeepCopy(), func(s *corev1.Secret) {
		s.Data["link"] = []byte(newer)
		delete(s.Data, "seal")
	})
	w.editUntil(tenant, "there is a key to seal with again", func() error {
		_, err := config.ParseKeyFile("seal", w.secret("acme-keys").Data["seal"])
		return err
	})
	w.expect(tenant, "Ready=True")
	if got := string(w.secret("acme-keys").Data["link"]); got != newer {
		t.Error("the keys that were put in by hand are others now")
	}
}

func clusterOf(t *testing.T, w *world) string {
	t.Helper()
	uid, err := clusterUID(t.Context(), w.client, "")
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

// Keys outlive their Tenant, and the next one of its name has them again.
func TestKeysAreAdopted(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	before := w.secret("acme-keys")
	w.delete(tenant)
	kube.Eventually(t, "the tenant is gone", func() error {
		err := w.client.Get(t.Context(), client.ObjectKeyFromObject(tenant), &v1alpha1.Tenant{})
		return want(client.IgnoreNotFound(err) == nil && err != nil, true)
	})
	w.collectGarbage(tenant)
	again := w.tenant("acme")
	w.create(again)
	w.expect(again, "Ready=True")
	after := w.secret("acme-keys")
	if after.UID != before.UID {
		t.Error("the Secret is another one")
	}
	if diff := cmp.Diff(before.Data, after.Data); diff != "" {
		t.Errorf("the keys are others:\n%s", diff)
	}
}

// collectGarbage deletes what the tenant owned.
func (w *world) collectGarbage(tenant *v1alpha1.Tenant) {
	w.t.Helper()
	cluster.CollectGarbage(w.t, w.tenants, tenant.UID)
}

func TestKeysOfSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-keys"}, StringData: map[string]string{"theirs": "yes"}}
	w.create(foreign)
	before := foreign.ResourceVersion
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=False/ForeignObject", "DatabaseReady=False/ForeignObject", "Stalled=True")
	if m := message(tenant, "Ready"); !strings.Contains(m, "Secret acme-keys exists") || strings.Contains(m, "delete") {
		t.Errorf("the message is %q", m)
	}
	w.get(foreign)
	if foreign.ResourceVersion != before {
		t.Error("somebody else's Secret was changed")
	}
	// It was the tenant's after all, without the labels that say so.
	edit(w, foreign, func(s *corev1.Secret) {
		s.Labels = map[string]string{provision.LabelTenant: "acme", provision.LabelManagedBy: provision.Name}
	})
	w.editUntil(tenant, "the keys are there", func() error { return want(len(w.secret("acme-keys").Data), 3) })
	w.expect(tenant, "Ready=True")
}

func TestKeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	made := w.secret("acme-keys")
	broken := append([]byte("not a key\n"), made.Data["seal"]...)
	edit(w, made.DeepCopy(), func(s *corev1.Secret) { s.Data["seal"] = broken })
	w.editUntil(tenant, "the status tells", func() error {
		w.get(tenant)
		m := message(tenant, "DatabaseReady")
		if strings.Contains(m, "not a key") {
			t.Fatalf("the status shows what is in the Secret: %s", m)
		}
		return want(strings.Contains(m, "Secret acme-keys: key file seal: line 1 is not 32 bytes in base64"), true)
	})
	w.expect(tenant, "DatabaseReady=False/UnreadableKeys", "Stalled=True")
	if got := w.secret("acme-keys").Data; string(got["seal"]) != string(broken) || string(got["link"]) != string(made.Data["link"]) {
		t.Error("the keys were replaced")
	}
	edit(w, made.DeepCopy(), func(s *corev1.Secret) { s.Data = made.Data })
	w.editUntil(tenant, "all is well again", func() error { return want(holds(tenant.Status.Conditions, "DatabaseReady=True"), true) })
	w.expect(tenant, "Ready=True")
}

// Only the portal has the keys.
func TestWhoHasTheKeys(t *testing.T) {
	t.Parallel()
	w, _ := readyWorld(t)
	for name, wanted := range map[string]bool{"acme-portal": true, "acme-backoffice": false} {
		mounted := false
		for _, volume := range w.deployment(name).Spec.Template.Spec.Volumes {
			mounted = mounted || volume.Secret != nil && volume.Secret.SecretName == "acme-keys"
		}
		if mounted != wanted {
			t.Errorf("%s has the keys: %v", name, mounted)
		}
	}
}
