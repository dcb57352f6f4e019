package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
)

// TestDocumentIsReadOnce: neither a new version of its ConfigMap with the same content nor
// its own writing makes a pass read a large document again; anything else does.
func TestDocumentIsReadOnce(t *testing.T) {
	t.Parallel()
	parsed, kind := 0, *routingKind
	kind.parse = func(body []byte) (entries, error) { parsed++; return routingKind.parse(body) }
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: "acme", UID: "tenant"}}
	encode := func(tenant string) []byte {
		body, err := config.EncodeRouting(config.Routing{Format: config.RoutingFormat, Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	first, second := encode("acme"), encode("another")
	holds := func(version string, body []byte) *corev1.ConfigMap {
		owner := *metav1.NewControllerRef(tenant, v1alpha1.SchemeGroupVersion.WithKind(kindTenant))
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				UID: "map", ResourceVersion: version, OwnerReferences: []metav1.OwnerReference{owner},
				Annotations: map[string]string{provision.AnnotationDigest: config.Digest(body)},
			},
			BinaryData: map[string][]byte{config.RoutingFile: packed(t, string(body))},
		}
	}
	wrong, foreign := holds("5", first), holds("6", first)
	wrong.Annotations[provision.AnnotationDigest] = config.Digest(second)
	foreign.OwnerReferences = nil
	d, last := document{kind: &kind}, document{}
	for i, step := range []struct {
		from   *corev1.ConfigMap
		parsed int
		lost   bool
	}{
		{holds("1", first), 1, false},
		{holds("2", first), 1, false},
		{holds("3", second), 2, false},
		{holds("4", first), 3, false},
		{wrong, 3, true},
		{foreign, 3, true},
		{holds("7", first), 4, false},
	} {
		d.read(step.from, tenant, last)
		if parsed != step.parsed || d.lost != step.lost || d.lost != (d.held == nil) {
			t.Errorf("step %d: read %d times, want %d; lost: %t, want %t", i, parsed, step.parsed, d.lost, step.lost)
		}
		last = d.remembered()
	}
	if err := d.take(second); err != nil {
		t.Fatal(err)
	}
	last = d.rewritten(packed(t, string(second)))
	if d.read(holds("8", second), tenant, last); parsed != 5 || d.lost || string(d.held) != string(second) {
		t.Errorf("what was just written was read %d times, lost: %t", parsed-4, d.lost)
	}
}
