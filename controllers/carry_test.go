package controllers

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// accounts writes accounts as the backoffice does.
func (w *world) accounts(tenant string, accounts ...store.Account) {
	w.t.Helper()
	uri := string(w.secret(provision.DatabaseSecretName(tenant, provision.Backoffice)).Data[provision.KeyURI])
	pool, err := pgxpool.New(w.t.Context(), uri)
	if err != nil {
		w.t.Fatal(err)
	}
	defer pool.Close()
	storetest.Accounts(w.t, store.New(pool), accounts...)
}

func account(id string, profile *string) store.Account {
	return store.Account{Row: store.Row{ID: id}, Name: "Account " + id, Status: settings.Active, AccountProfile: ptr.Deref(profile, "")}
}

func TestAccountsAreCounted(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	w.accounts("acme", account("1", ptr.To("business")), account("2", ptr.To("business")), account("3", nil))
	kube.Eventually(t, "accounts are counted", func() error {
		w.expect(tenant, "Ready=True")
		w.expect(profile, "Ready=True")
		if tenant.Status.Accounts == nil || profile.Status.Accounts == nil {
			return errorf("not counted yet")
		}
		return want([2]int64{*tenant.Status.Accounts, *profile.Status.Accounts}, [2]int64{3, 2})
	})
}

func TestDeletedProfileRetiresUntilItIsUnused(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	used, unused := w.accountProfile("acme", "business"), w.accountProfile("acme", "unused")
	w.create(used, unused)
	w.expect(used, "Ready=True")
	w.expect(unused, "Ready=True")
	w.accounts("acme", account("1", ptr.To("business")))
	w.delete(unused)
	w.delete(used)
	kube.Eventually(t, "the used profile is listed, the unused one is dropped", func() error {
		w.expect(tenant, "Ready=True")
		document := w.configMap("acme").Data[provision.KeySettings]
		if strings.Contains(document, `"unused"`) || !strings.Contains(document, `"business"`) {
			return errorf("the document is\n%s", document)
		}
		o := tenant.Status.OrphanedProfiles
		if len(o) != 1 || o[0].Name != "business" || o[0].Accounts == nil || *o[0].Accounts != 1 {
			return errorf("orphaned profiles: %+v", o)
		}
		return nil
	})
	w.accounts("acme", account("1", ptr.To("")))
	kube.Eventually(t, "the profile is dropped when nobody uses it", func() error {
		w.expect(tenant, "Ready=True")
		if document := w.configMap("acme").Data[provision.KeySettings]; strings.Contains(document, `"business"`) {
			return errorf("the document is\n%s", document)
		}
		return want(len(tenant.Status.OrphanedProfiles), 0)
	})
}

// What was carried on cannot be made again from the objects: only the copy has it.
func TestLostDocumentIsRestored(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "nowhere" })
	w.expect(profile, "Ready=False", "ResolvedRefs=False")
	before := w.configMap("acme")

	same := func() error {
		now := w.configMap("acme")
		return want(now.Data[provision.KeySettings], before.Data[provision.KeySettings])
	}
	for name, damage := range map[string]func(){
		"deleted":        func() { w.delete(w.configMap("acme")) },
		"not a document": func() { w.damage("not JSON") },
		"edited":         func() { w.damage(strings.Replace(before.Data[provision.KeySettings], "Profile business", "Hacked", 1)) },
	} {
		damage()
		kube.Eventually(t, "the document is back after it was "+name, func() error {
			err := w.client.Get(t.Context(), client.ObjectKeyFromObject(before), before.DeepCopy())
			if apierrors.IsNotFound(err) {
				return err
			}
			return same()
		})
	}
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=False", "ResolvedRefs=False")
	if profile.Status.LiveGeneration != 1 {
		t.Errorf("liveGeneration is %d", profile.Status.LiveGeneration)
	}
}

func (w *world) damage(content string) {
	w.t.Helper()
	settings := w.configMap("acme")
	settings.Data[provision.KeySettings] = content
	if err := w.client.Update(w.t.Context(), settings); err != nil {
		w.t.Fatal(err)
	}
}

func TestPausedTenantIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	template := w.eventTemplate("acme", "reminder", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
	w.expect(tenant, "Ready=True/Paused", "Programmed=True", "Stalled=Absent")
	before, beforeRouting := w.configMap("acme"), w.routingMap("acme")

	w.create(template)
	w.expect(template, "Ready=False", "Accepted=False/TenantPaused", "Programmed=False", "Reconciling=True", "Stalled=Absent")
	w.expect(tenant, "Ready=False/Paused", "Stalled=True")
	w.delete(template)
	w.expect(tenant, "Ready=True/Paused", "Stalled=Absent")
	template.ResourceVersion = ""
	w.create(template)

	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	w.expect(profile, "Ready=False", "Accepted=False/TenantPaused", "Reconciling=True", "Stalled=Absent")
	w.expect(tenant, "Ready=False/Paused", "Stalled=True")
	if after := w.configMap("acme"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the document of a paused tenant has changed")
	}
	if after := w.routingMap("acme"); after.ResourceVersion != beforeRouting.ResourceVersion {
		t.Error("the routing document of a paused tenant has changed")
	}
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantActive })
	w.expect(tenant, "Ready=True/Ready")
	w.expect(profile, "Ready=True")
	w.expect(template, templateRuns...)
}
