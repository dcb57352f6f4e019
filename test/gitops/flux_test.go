//go:build e2e

package gitops

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestFlux is a provider at work with the kustomize-controller of Flux: a tenant comes by a
// commit; commits that are wrong are reported and change nothing for customers; what a commit
// leaves out is deleted, and what customers need of it stays.
func TestFlux(t *testing.T) {
	w := newWorld(t)
	w.readSample()
	// One that only accounts name, and no group.
	w.drop(base+"myaccountprofiles.yaml", "  customerGroups:\n    - gold\n")
	first := w.commit()
	k := w.kustomizations()
	w.becomesReady(k, first)
	w.allReady()
	before := w.versions()
	w.reconcile(k)
	if diff := cmp.Diff(before, w.versions()); diff != "" {
		t.Errorf("the same commit was applied again, and changed (-before +after)\n%s", diff)
	}
	w.account("10001", "gold")

	w.unknownField(k)
	w.refusedTemplate(k)
	w.refusedTenant(k)
	w.good(k)
	w.pruned(k)
	w.allPruned(k)
}

// unknownField: one commit with a good change and an unknown field. None of it is applied.
func (w *world) unknownField(k *unstructured.Unstructured) {
	w.t.Helper()
	live := w.documents()
	w.edit(base+"myaccountprofiles.yaml", "displayName: Basic access", "displayName: Basic")
	w.edit(base+"eventtemplates-reminders.yaml", "  event: invoice.unpaid", "  event: invoice.unpaid\n  evnet: invoice.unpaid")
	w.becomesUnready(k, w.commit(), "ReconciliationFailed", "evnet")
	w.customersHave(live, "an unknown field")
	var basic v1alpha1.MyAccountProfile
	w.get("basic", &basic)
	if basic.Spec.DisplayName != "Basic access" {
		w.t.Errorf("what was good in a commit that cannot be applied is applied: %s", basic.Spec.DisplayName)
	}
	w.edit(base+"myaccountprofiles.yaml", "displayName: Basic\n", "displayName: Basic access\n")
	w.edit(base+"eventtemplates-reminders.yaml", "\n  evnet: invoice.unpaid", "")
}

// refusedTemplate: what only the operator can judge is taken, and told at once, without
// waiting for the timeout.
func (w *world) refusedTemplate(k *unstructured.Unstructured) {
	w.t.Helper()
	live := w.documents()
	w.edit(base+"eventtemplates-reminders.yaml", "{{.invoice.balance}}", "{{.invoice.balence}}")
	w.becomesUnready(k, w.commit(), "HealthCheckFailed", "EventTemplate/acme/business-reminders")
	w.customersHave(live, "a template with a wrong field")
	w.edit(base+"eventtemplates-reminders.yaml", "{{.invoice.balence}}", "{{.invoice.balance}}")
	w.becomesReady(k, w.commit())
}

func (w *world) refusedTenant(k *unstructured.Unstructured) {
	w.t.Helper()
	live := w.documents()
	w.edit(base+"tenant.yaml", "timeZone: Australia/Sydney", "timeZone: Mars/Olympus")
	w.becomesUnready(k, w.commit(), "HealthCheckFailed", "Tenant/acme/acme")
	w.customersHave(live, "a tenant with a wrong time zone")
	w.edit(base+"tenant.yaml", "timeZone: Mars/Olympus", "timeZone: Australia/Sydney")
}

// good: the corrected commit has a change too, and goes live.
func (w *world) good(k *unstructured.Unstructured) {
	w.t.Helper()
	live := w.documents()
	w.edit(base+"myaccountprofiles.yaml", "displayName: Basic access", "displayName: Basic")
	w.becomesReady(k, w.commit())
	w.allReady()
	now := w.documents()
	if now["settings"] == live["settings"] || now["routing"] != live["routing"] {
		w.t.Error("a corrected commit with one changed profile is not what customers have")
	}
}

// pruned: a profile that an account names and a file with templates are taken away.
func (w *world) pruned(k *unstructured.Unstructured) {
	w.t.Helper()
	w.dropObject(base+"myaccountprofiles.yaml", "gold")
	w.drop(base+"kustomization.yaml", "  - eventtemplates-visits.yaml\n")
	templates := w.count(&v1alpha1.EventTemplateList{})
	w.becomesReady(k, w.commit())
	w.gone("gold", &v1alpha1.MyAccountProfile{})
	if now := w.count(&v1alpha1.EventTemplateList{}); now == 0 || now >= templates {
		w.t.Errorf("there are %d templates, were %d, after a file with some was taken away", now, templates)
	}
	var tenant v1alpha1.Tenant
	kube.Eventually(w.t, "the profile that was deleted is told to be in use", func() error {
		w.get("acme", &tenant)
		for _, o := range tenant.Status.OrphanedProfiles {
			if o.Kind == "MyAccountProfile" && o.Name == "gold" && o.Accounts != nil && *o.Accounts == 1 {
				return nil
			}
		}
		return fmt.Errorf("orphaned profiles are %+v", tenant.Status.OrphanedProfiles)
	})
	if !meta.IsStatusConditionTrue(tenant.Status.Conditions, v1alpha1.ConditionReady) {
		w.t.Errorf("the Tenant is not Ready: %+v", tenant.Status.Conditions)
	}
	document, err := config.Load([]byte(w.documents()["settings"]))
	if err != nil {
		w.t.Fatal(err)
	}
	if has := document.For(config.Account{ID: "10001", MyAccountProfile: "gold"}); has.MyAccountProfile.Name != "gold" || len(has.Features) == 0 {
		w.t.Errorf("the account that names the deleted profile has %+v", has)
	}
}

// allPruned: the Kustomization is deleted and with it all objects. The data stays, and the
// tenant has it again when the same commit is applied anew.
func (w *world) allPruned(k *unstructured.Unstructured) {
	w.t.Helper()
	var tenant v1alpha1.Tenant
	w.get("acme", &tenant)
	schema, uid := tenant.Status.Database.Schema, tenant.UID
	if err := cluster.Client.Delete(w.t.Context(), k.DeepCopy()); err != nil {
		w.t.Fatal(err)
	}
	w.gone("acme", &v1alpha1.Tenant{})
	for _, list := range []client.ObjectList{&v1alpha1.AccountProfileList{}, &v1alpha1.MyAccountProfileList{}, &v1alpha1.EventTemplateList{}} {
		kube.Eventually(w.t, "all objects are deleted", func() error {
			if n := w.count(list); n > 0 {
				return fmt.Errorf("%d of %T are there", n, list)
			}
			return nil
		})
	}
	if n := w.customers(schema); n != 1 {
		w.t.Errorf("the schema of a Tenant that was pruned has %d accounts, want 1", n)
	}
	cluster.CollectGarbage(w.t, tenantNamespace, uid)
	k = w.kustomizations()
	w.becomesReady(k, fmt.Sprintf("main@sha1:%040d", w.commits))
	w.allReady()
	kube.Eventually(w.t, "the tenant has its customers again", func() error {
		w.get("acme", &tenant)
		if tenant.Status.Database.Schema != schema || tenant.Status.Accounts == nil || *tenant.Status.Accounts != 1 {
			return fmt.Errorf("its status is %+v", tenant.Status)
		}
		return nil
	})
}

// condition is a condition of the Kustomization about its newest generation.
func (w *world) condition(k *unstructured.Unstructured, kind string) (metav1.Condition, error) {
	if err := cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(k), k); err != nil {
		return metav1.Condition{}, err
	}
	list, _, err := unstructured.NestedSlice(k.Object, "status", "conditions")
	if err != nil {
		return metav1.Condition{}, err
	}
	for _, item := range list {
		var c metav1.Condition
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.(map[string]any), &c); err != nil {
			return metav1.Condition{}, err
		}
		if c.Type == kind {
			return c, nil
		}
	}
	return metav1.Condition{}, fmt.Errorf("it has no condition %s, but %v", kind, list)
}

// becomesReady waits until Flux has applied a revision, and says that all of it is healthy.
// It fails if Flux ever says that something of it is not.
func (w *world) becomesReady(k *unstructured.Unstructured, revision string) {
	w.t.Helper()
	kube.Eventually(w.t, "Flux reports "+revision+" healthy", func() error {
		ready, err := w.condition(k, "Ready")
		if err != nil {
			return err
		}
		applied, _, _ := unstructured.NestedString(k.Object, "status", "lastAppliedRevision")
		attempted, _, _ := unstructured.NestedString(k.Object, "status", "lastAttemptedRevision")
		if attempted == revision && ready.Status == metav1.ConditionFalse {
			w.t.Fatalf("Flux says of %s: %s: %s", revision, ready.Reason, ready.Message)
		}
		healthy, err := w.condition(k, "Healthy")
		if err != nil {
			return err
		}
		if applied != revision || ready.Status != metav1.ConditionTrue || healthy.Status != metav1.ConditionTrue {
			return fmt.Errorf("applied is %q; %s=%s: %s; %s=%s", applied, ready.Type, ready.Status, ready.Message, healthy.Type, healthy.Status)
		}
		return nil
	})
}

// becomesUnready waits until Flux reports a revision as failed, for a reason, and names what
// is wrong.
func (w *world) becomesUnready(k *unstructured.Unstructured, revision, reason, names string) {
	w.t.Helper()
	kube.Eventually(w.t, "Flux reports "+revision+" as failed", func() error {
		ready, err := w.condition(k, "Ready")
		if err != nil {
			return err
		}
		attempted, _, _ := unstructured.NestedString(k.Object, "status", "lastAttemptedRevision")
		if attempted != revision || ready.Status != metav1.ConditionFalse || ready.Reason != reason || !strings.Contains(ready.Message, names) {
			return fmt.Errorf("attempted is %q; Ready=%s, %s: %s", attempted, ready.Status, ready.Reason, ready.Message)
		}
		return nil
	})
	if applied, _, _ := unstructured.NestedString(k.Object, "status", "lastAppliedRevision"); applied == revision {
		w.t.Errorf("%s failed, and is told to be applied", revision)
	}
}

// reconcile has Flux apply the same commit once more.
func (w *world) reconcile(k *unstructured.Unstructured) {
	w.t.Helper()
	const at = "2026-11-22T12:00:00Z"
	patch := `{"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "` + at + `"}}}`
	if err := cluster.Client.Patch(w.t.Context(), k.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		w.t.Fatal(err)
	}
	kube.Eventually(w.t, "Flux has applied the commit again", func() error {
		ready, err := w.condition(k, "Ready")
		if err != nil {
			return err
		}
		if handled, _, _ := unstructured.NestedString(k.Object, "status", "lastHandledReconcileAt"); handled != at || ready.Status != metav1.ConditionTrue {
			return fmt.Errorf("handled is %q, Ready is %s", handled, ready.Status)
		}
		return nil
	})
}

func lists() []client.ObjectList {
	return []client.ObjectList{&v1alpha1.TenantList{}, &v1alpha1.AccountProfileList{}, &v1alpha1.MyAccountProfileList{}, &v1alpha1.EventTemplateList{}}
}

func (w *world) each(list client.ObjectList, look func(client.Object)) {
	w.t.Helper()
	if err := cluster.Client.List(w.t.Context(), list, client.InNamespace(tenantNamespace)); err != nil {
		w.t.Fatal(err)
	}
	err := meta.EachListItem(list, func(o runtime.Object) error {
		look(o.(client.Object))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(list client.ObjectList) int {
	w.t.Helper()
	n := 0
	w.each(list, func(client.Object) { n++ })
	return n
}

// allReady looks at the objects when Flux says that they are healthy.
func (w *world) allReady() {
	w.t.Helper()
	check := readCheck(w.t)
	for _, list := range lists() {
		n := 0
		w.each(list, func(o client.Object) {
			n++
			if err := kube.LegalStatus(o); err != nil {
				w.t.Errorf("%T %s: %v", o, o.GetName(), err)
			}
			if health, err := check.Health(o); err != nil || health.Status != "Healthy" {
				w.t.Errorf("%T %s is healthy for Flux, and for Argo CD %+v, %v", o, o.GetName(), health, err)
			}
		})
		if n == 0 {
			w.t.Errorf("there is nothing in %T", list)
		}
	}
}

// versions tells of every object what applying it again could have changed.
func (w *world) versions() map[string]int64 {
	w.t.Helper()
	versions := map[string]int64{}
	for _, list := range lists() {
		w.each(list, func(o client.Object) {
			versions[fmt.Sprintf("%T %s %s", o, o.GetName(), o.GetUID())] = o.GetGeneration()
		})
	}
	return versions
}

func (w *world) get(name string, into client.Object) {
	w.t.Helper()
	if err := cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: tenantNamespace, Name: name}, into); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) gone(name string, o client.Object) {
	w.t.Helper()
	kube.Eventually(w.t, fmt.Sprintf("%T %s is deleted", o, name), func() error {
		err := cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: tenantNamespace, Name: name}, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there: %w", err)
	})
}

// documents are what customers have.
func (w *world) documents() map[string]string {
	w.t.Helper()
	var live, routing corev1.ConfigMap
	w.get(provision.SettingsName("acme"), &live)
	w.get(provision.RoutingName("acme"), &routing)
	return map[string]string{"settings": live.Data[provision.KeySettings], "routing": string(routing.BinaryData[provision.KeyRouting])}
}

func (w *world) customersHave(live map[string]string, what string) {
	w.t.Helper()
	for name, text := range w.documents() {
		if text != live[name] {
			w.t.Errorf("after a commit with %s customers have another %s document", what, name)
		}
	}
}

// account makes an account with a portal profile of its own.
func (w *world) account(id, profile string) {
	w.t.Helper()
	pools := map[string]*pgxpool.Pool{}
	pool, err := poolOf(w.t.Context(), provision.DatabaseSecretName("acme", provision.Backoffice), pools)
	if err != nil {
		w.t.Fatal(err)
	}
	defer pool.Close()
	storetest.Accounts(w.t, store.New(pool), store.Account{
		Row: store.Row{ID: id}, Name: "Account " + id, Status: settings.Active, MyAccountProfile: profile,
	})
}

// customers counts the accounts in a schema, as the administrator of the database server.
func (w *world) customers(schema string) int {
	w.t.Helper()
	connection, err := pgx.Connect(w.t.Context(), w.database)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	var n int
	if err := connection.QueryRow(w.t.Context(), "select count(*) from "+pgx.Identifier{schema, "account"}.Sanitize()).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}
