package controllers

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// deleteTenant is a tenant whose data is deleted with it.
func (w *world) deleteTenant(name string) *v1alpha1.Tenant {
	tenant := w.tenant(name)
	tenant.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete
	return tenant
}

// expectGone waits until there is no such Tenant any more.
func (w *world) expectGone(tenant *v1alpha1.Tenant) {
	w.t.Helper()
	kube.Eventually(w.t, "the Tenant is gone", func() error {
		err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(tenant), &v1alpha1.Tenant{})
		if !apierrors.IsNotFound(err) {
			return errorf("it is there (%v), with finalizers %v", err, tenant.Finalizers)
		}
		return nil
	})
}

// expectNoData makes sure that neither schema nor role of a tenant is left.
func (w *world) expectNoData(t *v1alpha1.Tenant) {
	w.t.Helper()
	if left := w.inDatabase(t.Status.Database.Schema); len(left) > 0 {
		w.t.Errorf("left in the database of Tenant %s: %v", t.Name, left)
	}
}

// inDatabase names the schemas and roles of a tenant.
func (w *world) inDatabase(schema string) []string {
	w.t.Helper()
	return texts(w.t, w.sql("SELECT 1"), `SELECT 'schema' FROM pg_namespace WHERE nspname = '`+schema+`'
UNION ALL SELECT 'role ' || replace(rolname, '`+schema+`', '') FROM pg_roles WHERE rolname LIKE '`+schema+`%' ORDER BY 1`)
}

var wholeTenant = []string{"role ", "role _backoffice", "role _dispatcher", "role _portal", "schema"}

// stays wants data that must not be deleted to be there. Where an operator runs, it has to
// be one that could do it by now.
func (w *world) stays(schema string, wanted []string) {
	w.t.Helper()
	if diff := cmp.Diff(wanted, w.inDatabase(schema)); diff != "" {
		w.t.Errorf("in the database (-want +got):\n%s", diff)
	}
}

// deletesAnother lets the operator delete the data of another Tenant, so that it had the time
// for whatever else it would delete.
func (w *world) deletesAnother() {
	w.t.Helper()
	another := w.deleteTenant("another")
	w.create(another)
	w.expect(another, "DatabaseReady=True", "Programmed=True")
	w.delete(another)
	w.expectGone(another)
	w.expectNoData(another)
}

// TestRetainedTenant has no finalizer, so nothing can hold it up.
func TestRetainedTenant(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	if len(tenant.Finalizers) > 0 {
		t.Errorf("finalizers: %v", tenant.Finalizers)
	}
	w.stop() // also nobody who could
	w.delete(tenant)
	w.expectGone(tenant)
	w.stays(tenant.Status.Database.Schema, wholeTenant)
}

// TestDeletedTenant: its pods end first, then schema and roles are deleted, whoever still
// has a connection, and the keys are left to who deletes what belongs to the Tenant.
func TestDeletedTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	if diff := cmp.Diff([]string{finalizer}, tenant.Finalizers); diff != "" {
		t.Errorf("finalizers (-want +got):\n%s", diff)
	}
	if fields := written(tenant); strings.Contains(fields, "spec") {
		t.Errorf("the operator has written of the spec: %s", fields)
	}
	uri := string(w.secret("acme-db-portal").Data[provision.KeyURI])
	user := storetest.Pool(t, uri)
	if err := user.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.delete(tenant)
	w.expectGone(tenant)
	w.expectNoData(tenant)
	if err := signsIn(t.Context(), uri); err == nil {
		t.Error("the portal can still sign in")
	}
	for _, c := range provision.Components() {
		if replicas := *w.deployment(provision.WorkloadName("acme", c)).Spec.Replicas; replicas != 0 {
			t.Errorf("the %s is to have %d pods", c, replicas)
		}
	}
	if keys := w.secret("acme-keys"); !metav1.IsControlledBy(keys, tenant) {
		t.Errorf("the keys do not go with the Tenant: %v", keys.OwnerReferences)
	}
	w.expectEvents(tenant, "DataDeleted")

	w.collectGarbage(tenant) // the next one of that name begins anew
	again := w.tenant("acme")
	w.create(again)
	w.expect(again, "Ready=True")
}

// written are the fields of the object itself that the operator owns.
func written(tenant *v1alpha1.Tenant) string {
	var fields []string
	for _, m := range tenant.ManagedFields {
		if m.Manager == "foyer" && m.Subresource == "" && m.FieldsV1 != nil {
			fields = append(fields, m.FieldsV1.String())
		}
	}
	return strings.Join(fields, " ")
}

// TestDeletionPolicyChanges: the finalizer follows it, also while the Tenant is refused or
// paused, and while it is being deleted.
func TestDeletionPolicyChanges(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	finalizers := func(want ...string) {
		t.Helper()
		kube.Eventually(t, "the finalizer follows", func() error {
			w.get(tenant)
			if diff := cmp.Diff(want, tenant.Finalizers); diff != "" {
				return errorf("finalizers (-want +got):\n%s", diff)
			}
			return nil
		})
	}
	set := func(policy v1alpha1.DeletionPolicy) {
		t.Helper()
		edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Database.DeletionPolicy = policy })
	}
	set(v1alpha1.DeletionDelete)
	finalizers(finalizer)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
	set(v1alpha1.DeletionRetain)
	finalizers()
	set(v1alpha1.DeletionDelete)
	finalizers(finalizer)
	w.expect(tenant, "Ready=True/Paused")

	w.stop() // so that the Tenant can be edited while it is being deleted
	w.delete(tenant)
	set(v1alpha1.DeletionRetain)
	w.startOperator(cluster.Config, nil)
	w.expectGone(tenant)
	w.deletesAnother()
	w.stays(tenant.Status.Database.Schema, wholeTenant)
}

// TestDeletionWhileTheDatabaseIsAway: it is told, and goes on by itself when the database is
// back, also after the operator was away.
func TestDeletionWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w, own, tenant := awayWorld(t)
	w.delete(tenant)
	w.expect(tenant, "Ready=False/Deleting", "DatabaseReady=False/Deleting", "Reconciling=True", "Stalled=Absent", "PortalAvailable=Absent")
	kube.Eventually(t, "the status says why", func() error {
		w.get(tenant)
		if m := message(tenant, "Ready"); !strings.Contains(m, "cannot be reached") {
			return errorf("Ready says %q", m)
		}
		return nil
	})
	w.stop()
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, time.Second)
	w.get(tenant) // it waits for its operator
	w.startOperator(cluster.Config, nil)
	w.expectGone(tenant)
	w.expectNoData(tenant)
}

// TestDeletionIsBounded: a database that stays away keeps no Tenant for ever, and so no
// namespace. What is left is told.
func TestDeletionIsBounded(t *testing.T) {
	t.Parallel()
	w, own, tenant := awayWorld(t)
	w.stop()
	w.pace.deletion = 3 * time.Second
	w.startOperator(cluster.Config, nil)
	w.delete(tenant)
	w.expectGone(tenant)
	w.sawEvent(tenant, "DataLeft", "schema "+tenant.Status.Database.Schema+" stays on database server \"default\"")
	if keys := w.secret("acme-keys"); len(keys.OwnerReferences) > 0 {
		t.Errorf("the keys go, and the data stays: %v", keys.OwnerReferences)
	}
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	w.deletesAnother()
	w.stays(tenant.Status.Database.Schema, wholeTenant)
}

// TestDeletionGoesOnWhereItIsRefused: whatever the cluster does not let Foyer write of the
// tenant, as a webhook in a namespace that ends, keeps no Tenant for ever.
func TestDeletionGoesOnWhereItIsRefused(t *testing.T) {
	t.Parallel()
	for path, event := range map[string]string{"/deployments/acme-portal": "DataDeleted", "/secrets/acme-keys": "KeysLeft"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := quietWorld(t)
			w.pace.deletion = 3 * time.Second
			w.declareServer("default", w.uri, w.tenants)
			var off atomic.Bool
			off.Store(true)
			limited := rest.CopyConfig(cluster.Config)
			limited.Wrap(func(next http.RoundTripper) http.RoundTripper {
				return policy{next, path, &off, http.StatusInternalServerError}
			})
			w.startOperator(limited, nil)
			w.replicas = startReplicas(w)
			tenant := w.deleteTenant("acme")
			w.create(tenant)
			w.expect(tenant, "Ready=True")
			off.Store(false)
			w.delete(tenant)
			w.expectGone(tenant)
			w.expectEvents(tenant, event)
			w.expectNoData(tenant)
		})
	}
}

// TestDeletionWithoutItsServersSecret: what says where the data is cannot be read, and that
// keeps no Tenant for ever either.
func TestDeletionWithoutItsServersSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	w.stop()
	limited := rest.CopyConfig(cluster.Config)
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper { return lostObject{next, "/secrets/default"} })
	w.pace.deletion = 3 * time.Second
	w.startOperator(limited, nil)
	w.delete(tenant)
	w.expectGone(tenant)
	w.sawEvent(tenant, "DataLeft", "could not read what it needs")
	w.stays(tenant.Status.Database.Schema, wholeTenant)
}

// lostObject fails the reading of one object.
type lostObject struct {
	next http.RoundTripper
	path string
}

func (l lostObject) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, l.path) {
		return answer(request, http.StatusInternalServerError, "injected"), nil
	}
	return l.next.RoundTrip(request)
}

// TestDepartingTenantGivesItsHostNameAway: while its data waits to be deleted, another Tenant
// may have its host name, so nothing of the former one leads there.
func TestDepartingTenantGivesItsHostNameAway(t *testing.T) {
	t.Parallel()
	w, own, tenant := awayWorld(t, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure = byIngress })
	defer own.Close()
	w.exists(&networkingv1.Ingress{}, "acme-portal", true)
	w.delete(tenant)
	w.expect(tenant, "Ready=False/Deleting")
	w.exists(&networkingv1.Ingress{}, "acme-portal", false)
}

// TestDeletionOfATenantWithoutStatus: one of a backup has lost it, and what it had may be on
// a server that is not declared just now: nobody says that it was deleted.
func TestDeletionOfATenantWithoutStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	w.stop()
	schema := tenant.Status.Database.Schema
	w.delete(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}})
	tenant.Status = v1alpha1.TenantStatus{}
	if err := w.client.Status().Update(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	w.pace.deletion = 3 * time.Second
	w.startOperator(cluster.Config, nil)
	w.delete(tenant)
	w.expectGone(tenant)
	w.sawEvent(tenant, "DataLeft", "schema "+schema+" stays on database server \"default\"")
	if n := w.eventsOf(tenant, "DataDeleted"); n != 0 {
		t.Errorf("%d events say that the data was deleted", n)
	}
	w.stays(schema, wholeTenant)
}

// TestDeletionWaitsForItsServerAlone: a server that hangs keeps the deletions of no other
// server, and who waits behind them does not wait for ever.
func TestDeletionWaitsForItsServerAlone(t *testing.T) {
	t.Parallel()
	d := newDeletions(testPace, func(context.Context, types.NamespacedName) {})
	t.Cleanup(d.stop)
	tenant := func(name string) *v1alpha1.Tenant {
		return &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: name, UID: types.UID(name)}}
	}
	begun := make(chan string, 10)
	hangs := func(name string) func(context.Context) error {
		return func(ctx context.Context) error {
			begun <- name
			<-ctx.Done()
			return ctx.Err()
		}
	}
	for _, name := range []string{"a", "b"} {
		d.ensure(tenant(name), "hung", hangs(name))
		<-begun
	}
	d.ensure(tenant("waits"), "hung", hangs("waits"))
	d.ensure(tenant("other"), "sound", func(context.Context) error { begun <- "other"; return nil })
	if got := <-begun; got != "other" {
		t.Errorf("%s has begun", got)
	}
	key := func(name string) types.NamespacedName { return client.ObjectKeyFromObject(tenant(name)) }
	if d.giveUp(key("a"), 0) || d.giveUp(key("waits"), time.Hour) {
		t.Error("what runs, or has just begun to wait, is given up")
	}
	if !d.giveUp(key("waits"), 0) {
		t.Error("what waits is not given up")
	}
	d.forget(key("a")) // a place is free now, which nobody takes
	d.ensure(tenant("last"), "hung", hangs("last"))
	if got := <-begun; got != "last" {
		t.Errorf("%s was given up and has begun", got)
	}
}

// TestDeletionWithImmutableKeys: nobody can empty them, so they go with the Tenant as they are.
func TestDeletionWithImmutableKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	edit(w, w.secret("acme-keys"), func(s *corev1.Secret) { s.Immutable = ptr.To(true) })
	w.delete(tenant)
	w.expectGone(tenant)
	if keys := w.secret("acme-keys"); !metav1.IsControlledBy(keys, tenant) {
		t.Errorf("the keys do not go with the Tenant: %v", keys.OwnerReferences)
	}
}

// awayWorld has a tenant whose data is to be deleted with it, on a server of its own that is
// away.
func awayWorld(t *testing.T, changes ...func(*v1alpha1.Tenant)) (*world, *postgres.Server, *v1alpha1.Tenant) {
	t.Helper()
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() })
	w := quietWorld(t)
	w.uri, w.superuser = own.Manager(t), own.URI()
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant := w.deleteTenant("acme")
	for _, change := range changes {
		change(tenant)
	}
	w.create(tenant)
	w.expect(tenant, "DatabaseReady=True", "Programmed=True")
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	return w, own, tenant
}

// TestDeletionOfWhatIsNotItsOwn: data of another cluster stays, and holds nobody up; a
// Tenant that never had a server has none.
func TestDeletionOfWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, nowhere := w.deleteTenant("acme"), w.deleteTenant("nowhere")
	nowhere.Spec.Database.ServerRef.Name = "nowhere"
	w.create(tenant, nowhere)
	w.expect(tenant, "Ready=True")
	w.expect(nowhere, "DatabaseReady=False/ServerNotFound")
	w.delete(nowhere)
	w.expectGone(nowhere)

	schema := tenant.Status.Database.Schema
	w.sql("UPDATE " + schema + ".installation SET cluster_uid = 'another'")
	w.delete(tenant)
	w.expectGone(tenant)
	w.sawEvent(tenant, "DataLeft", "holds the data of Tenant "+w.tenants+"/acme of cluster another")
	w.deletesAnother()
	w.stays(schema, wholeTenant)
}

// TestDeletedNamespace: nothing is made in it any more, and its Tenant goes by itself.
func TestDeletedNamespace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.tenants}}
	w.delete(namespace)
	w.delete(tenant) // as the cluster's controller manager does with all that is in it
	w.collectGarbage(tenant)
	w.expectGone(tenant)
	w.expectNoData(tenant)
}

// TestDataTakenOverByAnotherCluster: this one, come back to life, notices: it makes no empty
// schema, writes nothing, and its dispatcher reaches nothing that it could send.
func TestDataTakenOverByAnotherCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.deleteTenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	schema := tenant.Status.Database.Schema
	dispatcher := store.New(storetest.Pool(t, string(w.secret("acme-db-dispatcher").Data[provision.KeyURI])))
	if _, err := dispatcher.Delivery(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.stop()
	taker := storetest.Adopt(t, w.uri, w.tenants, "acme", schema)
	if _, err := dispatcher.Delivery(t.Context()); err == nil {
		t.Error("the first cluster's dispatcher still reads the ledger")
	}
	before := w.documentsOf(taker.Schema)
	w.startOperator(cluster.Config, nil)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Dispatcher.Replicas = ptr.To(int32(2)) })
	w.expect(tenant, "Ready=False/OwnedByAnother", "DatabaseReady=False/OwnedByAnother", "Stalled=True")
	if m := message(tenant, "DatabaseReady"); !strings.Contains(m, "taken over") || !strings.Contains(m, taker.Schema) {
		t.Errorf("DatabaseReady says %q", m)
	}
	if diff := cmp.Diff(before, w.documentsOf(taker.Schema)); diff != "" {
		t.Errorf("documents of the new owner (-before +after):\n%s", diff)
	}
	w.delete(tenant) // with policy Delete: what is not its own stays
	w.expectGone(tenant)
	if state, err := taker.Dispatcher.Delivery(context.Background()); err != nil || !state.Adopted {
		t.Errorf("the new owner's delivery is %+v, %v", state, err)
	}
}

func (w *world) documentsOf(schema string) []string {
	w.t.Helper()
	return texts(w.t, w.sql("SELECT 1"), "SELECT digest || created_at FROM "+schema+".document ORDER BY 1")
}
