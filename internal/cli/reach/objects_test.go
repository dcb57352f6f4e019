package reach

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

func (w *world) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: w.namespace}
}

// The objects of a tenant are read, those of another one of the namespace are not.
func TestClusterObjects(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	for _, tenant := range []string{"acme", "beta"} {
		ref := v1alpha1.ObjectRef{Name: tenant}
		w.create(&v1alpha1.AccountProfile{ObjectMeta: w.meta(tenant + "-business"), Spec: v1alpha1.AccountProfileSpec{TenantRef: ref, DisplayName: "Business"}})
		w.create(&v1alpha1.MyAccountProfile{ObjectMeta: w.meta(tenant + "-full"), Spec: v1alpha1.MyAccountProfileSpec{TenantRef: ref, DisplayName: "Full"}})
		w.create(&v1alpha1.EventTemplate{ObjectMeta: w.meta(tenant + "-reminders"), Spec: v1alpha1.EventTemplateSpec{
			TenantRef: ref, Event: "invoice.paid", AccountProfileRefs: []v1alpha1.ObjectRef{{Name: tenant + "-business"}},
			Actions: []v1alpha1.ActionSpec{{Name: "log", Type: v1alpha1.ActionLog, Note: v1alpha1.NoteSpec{Text: "Paid"}}},
		}})
	}
	where := w.where
	where.Tenant = "acme"
	none, err := ClusterObjects(t.Context(), where)
	if err != nil || none.Live != nil || none.LiveRouting != nil {
		t.Errorf("before anything is live: %v %s", err, none.Live)
	}
	packed, err := config.Pack([]byte(`{"format":1}`))
	if err != nil {
		t.Fatal(err)
	}
	w.create(&corev1.ConfigMap{ObjectMeta: w.meta("acme-settings"), Data: map[string]string{config.File: "settings"}})
	w.create(&corev1.ConfigMap{ObjectMeta: w.meta("acme-routing"), BinaryData: map[string][]byte{config.RoutingFile: packed}})
	got, err := ClusterObjects(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{got.Namespace, got.Input.Tenant.Name, string(got.Live), string(got.LiveRouting)}
	for _, p := range got.AccountProfiles {
		names = append(names, p.Name)
	}
	for _, p := range got.MyAccountProfiles {
		names = append(names, p.Name)
	}
	for _, e := range got.EventTemplates {
		names = append(names, e.Name, e.Spec.Actions[0].Note.Text)
	}
	if diff := cmp.Diff([]string{w.namespace, "acme", "settings", `{"format":1}`, "acme-business", "acme-full", "acme-reminders", "Paid"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	where.As = "jane"
	if _, err := ClusterObjects(t.Context(), where); err == nil || !strings.Contains(err.Error(), "you need the right to list tenants.foyer.dev in namespace "+w.namespace) {
		t.Errorf("without rights: %v", err)
	}
}
