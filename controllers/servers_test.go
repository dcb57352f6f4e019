package controllers

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// slowReader answers nothing about one Secret.
type slowReader struct {
	client.Reader
	name  string
	asked chan struct{}
}

func (r slowReader) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	if key.Name == r.name {
		close(r.asked)
		<-ctx.Done()
		return ctx.Err()
	}
	return r.Reader.Get(ctx, key, into, opts...)
}

// TestSlowSecretHoldsUpNobodyElse: while the Secret of one server cannot be read, those
// of others can.
func TestSlowSecretHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.declareServer("default", w.uri, "*")
	w.declareServer("slow", w.uri, "*")
	slow := slowReader{Reader: w.client, name: "slow", asked: make(chan struct{})}
	s := newServers(w.client, slow, w.operator)
	t.Cleanup(s.close)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, _, err := s.find(ctx, "slow", w.tenants)
		done <- err
	}()
	<-slow.asked
	found := make(chan *server, 1)
	go func() {
		one, _, _ := s.find(t.Context(), "default", w.tenants)
		found <- one
	}()
	select {
	case one := <-found:
		if one == nil || one.name != "default" {
			t.Errorf("found %+v", one)
		}
	case <-time.After(20 * time.Second):
		t.Error("one slow Secret holds up the others")
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("a Secret that cannot be read is no error")
	}
}

// TestServerStaysWhileItsSecretSaysTheSame: an annotation on the Secret of a server
// closes no connection, and prepares no tenant again.
func TestServerStaysWhileItsSecretSaysTheSame(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.declareServer("default", w.uri, "*")
	s := newServers(w.client, w.client, w.operator)
	t.Cleanup(s.close)
	find := func() *server {
		t.Helper()
		found, problem, err := s.find(t.Context(), "default", w.tenants)
		if found == nil {
			t.Fatalf("not found: %v, %v", problem, err)
		}
		return found
	}
	first := find()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}}
	edit(w, secret, func(s *corev1.Secret) { s.Annotations = map[string]string{"example.org/note": "theirs"} })
	if find() != first {
		t.Error("an annotation made another server")
	}
	if got := s.versions["default"]; got != secret.ResourceVersion {
		t.Errorf("version %s was read, not %s: it will be read again and again", got, secret.ResourceVersion)
	}
	edit(w, secret, func(s *corev1.Secret) { s.Data[keyAdopt] = []byte("somebody") })
	if second := find(); second == first || len(second.adopt) != 1 {
		t.Errorf("another declaration is the same server: %+v", second.adopt)
	}
	w.delete(secret)
	if found, problem, _ := s.find(t.Context(), "default", w.tenants); found != nil || problem == nil {
		t.Error("a server without a Secret is found")
	}
}

// TestOldReadingOfASecretIsNotTaken: of two passes that read at the same time the one
// with the older answer may be the last to come back.
func TestOldReadingOfASecretIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newServers(nil, nil, "foyer")
	reading := func(version, uri string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "default", ResourceVersion: version}, Data: map[string][]byte{keyURI: []byte(uri)}}
	}
	s.take("default", "", reading("2", "new"))
	if now := s.take("default", "", reading("1", "old")); now != "2" || s.known["default"].config.URI != "new" {
		t.Errorf("version %s counts, the server is at %s", now, s.known["default"].config.URI)
	}
}

// boundsConnections has the platform team say how many connections a tenant may open.
func (w *world) boundsConnections(most string) {
	w.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}}
	edit(w, secret, func(s *corev1.Secret) { s.Data[keyMaxConnections] = []byte(most) })
}

// TestServerBoundsConnections: a Tenant does not take from all others of its server what the
// platform team has not given it, and what it has stays as it is.
func TestServerBoundsConnections(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	w.boundsConnections("70") // as much as a Tenant takes that says nothing
	w.expect(tenant, "Ready=True")
	before := w.connectionLimit(tenant.Status.Database.Schema)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Replicas = ptr.To(int32(50)) })
	w.expect(tenant, "DatabaseReady=False/TooManyConnections", "Ready=False/TooManyConnections", "Stalled=True")
	if m := message(tenant, "DatabaseReady"); !strings.Contains(m, `550 connections to database server "default" (20 for 1 of the backoffice, 20 for 1 of the dispatcher, 510 for 50 of the portal)`) ||
		!strings.Contains(m, "a tenant may have 70 there") || !strings.Contains(m, "key maxConnectionsPerTenant") {
		t.Errorf("DatabaseReady says %q", m)
	}
	if after := w.connectionLimit(tenant.Status.Database.Schema); after != before {
		t.Errorf("the portal may open %d connections, %d before", after, before)
	}
	if replicas := *w.deployment("acme-portal").Spec.Replicas; replicas != 2 {
		t.Errorf("the portal has %d pods", replicas)
	}
	w.boundsConnections("550")
	w.expect(tenant, "Ready=True")
	kube.Eventually(t, "the portal has its pods", func() error { return want(*w.deployment("acme-portal").Spec.Replicas, 50) })
	for _, wrong := range []string{"many", "0", "-1"} {
		w.boundsConnections(wrong)
		w.expect(tenant, "DatabaseReady=False/InvalidServer")
		kube.Eventually(t, "the status names it", func() error {
			w.get(tenant)
			m := message(tenant, "DatabaseReady")
			return want(strings.Contains(m, `key maxConnectionsPerTenant: "`+wrong+`" is not a number above 0`), true)
		})
	}
}

// TestBoundTenantIsKept: when a Tenant may not have any longer what it has, or nobody can read how
// much that is, its data is kept up and counted, what is lost comes back, and what its replicas
// run is known. What it said of the bound is over when it is paused.
func TestBoundTenantIsKept(t *testing.T) {
	t.Parallel()
	for most, reason := range map[string]string{"69": "TooManyConnections", "70/tenant": "InvalidServer"} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			w, tenant, rows := keptWorld(t)
			live := w.bothDocuments("acme")
			w.boundsConnections(most)
			w.expect(tenant, "DatabaseReady=False/"+reason, "Ready=False/"+reason, "Stalled=True", "Programmed=True")
			w.stop()
			w.delete(w.configMap("acme"))
			w.accounts("acme", account("b", nil))
			w.startOperator(cluster.Config, nil)
			kube.Eventually(t, "what is live is back", func() error { return want(w.bothDocuments("acme"), live) })
			losesPartition(t, rows)
			kube.Eventually(t, "the account is counted", func() error {
				w.get(tenant)
				return want(ptr.Deref(tenant.Status.Accounts, 0), 1)
			})
			w.expect(tenant, "DatabaseReady=False/"+reason, "Programmed=True")
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
			w.expect(tenant, "DatabaseReady=True", "Ready=True/Paused", "Stalled=Absent")
		})
	}
}

// TestMistypedBoundKeepsNoData: a Tenant whose data is to go with it takes that along, also while
// nobody can read how many connections it may open.
func TestMistypedBoundKeepsNoData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "DatabaseReady=True", "Programmed=True")
	w.boundsConnections("70/tenant")
	w.expect(tenant, "DatabaseReady=False/InvalidServer")
	w.delete(tenant)
	w.expectGone(tenant)
	w.stays(tenant.Status.Database.Schema, []string{})
}
