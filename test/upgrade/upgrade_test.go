//go:build e2e

package upgrade

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard()) // the client of the tests has nothing to say
	os.Exit(m.Run())
}

// TestUpgrade goes from the previous state to the one of the checkout, back, and forward
// again, with people and systems at work all the time. In the end Helm takes it over.
func TestUpgrade(t *testing.T) {
	w := startPrevious(t)
	old := state{w.previous, w.imageOf(t, "foyer-manager")}
	newer := w.build(t)
	var before view
	eventually(t, time.Minute, "accounts are counted", func() string {
		before = look(t, w)
		for tenant, accounts := range before.accounts {
			if accounts == 0 {
				return tenant + " has none yet"
			}
		}
		return ""
	})
	load := startLoad(t, w)
	spared := w.repeats(t)

	for _, step := range []struct {
		what    string
		state   state
		crds    bool
		repeats int // of writes, where the pods that end are the previous state's
	}{
		{"upgrade", newer, true, spared},
		{"back", old, false, 0},
		{"forward again", newer, true, spared},
	} {
		begun := time.Now()
		load.begin(step.repeats)
		w.install(t, step.state, step.crds)
		w.waitRolled(t, step.state.image)
		for _, kind := range []string{"tenants", "accountprofiles", "myaccountprofiles", "eventtemplates"} {
			w.kubectl(t, "wait", "--for=condition=Ready", kind, "--all", "--all-namespaces", "--timeout=120s")
		}
		load.isServed(t, w, step.what, begun)
		after := look(t, w)
		if diff := cmp.Diff(before.live, after.live); diff != "" {
			t.Errorf("%s: what is live (-before +after):\n%s", step.what, diff)
		}
		if diff := cmp.Diff(before.accounts, after.accounts); diff != "" {
			t.Errorf("%s: accounts (-before +after):\n%s", step.what, diff)
		}
		for tenant, version := range after.schema {
			if version < before.schema[tenant] || step.crds && version != store.RequiredSchemaVersion {
				t.Errorf("%s: the schema of %s is at %d, was at %d; this release knows %d", step.what, tenant, version, before.schema[tenant], store.RequiredSchemaVersion)
			}
		}
	}

	begun := time.Now()
	load.begin(0)
	w.toHelm(t, newer)
	load.isServed(t, w, "to Helm", begun)

	load.end()
	load.allKept(t, w)
	load.allTold(t, w)
}

// isServed: since a step has begun, everybody had answers, as they should be and in time.
func (l *load) isServed(t *testing.T, w *world, step string, begun time.Time) {
	t.Helper()
	requests, failures, slow := l.count(time.Since(begun))
	t.Logf("%s: %d requests, %d failed", step, requests, len(failures))
	if len(failures) > 0 {
		log, err := os.ReadFile(filepath.Join(w.demoState(), "edge.log"))
		t.Fatalf("%s: %d requests failed, the first:\n%s\nThe edge's log: %.4000s %v", step, len(failures), strings.Join(failures[:min(len(failures), 10)], "\n"), log, err)
	}
	if len(slow) > 0 {
		t.Errorf("%s: too few answers:\n%s", step, strings.Join(slow, "\n"))
	}
}

// allKept: the last write of each tenant that was confirmed is what there is.
func (l *load) allKept(t *testing.T, w *world) {
	t.Helper()
	for _, tenant := range tenants {
		answer, err := newAPI(t, w, tenant.namespace, tenant.host).call(t.Context(), "GET", "/api/v1/accounts/"+tenant.account, "", "")
		if err != nil {
			t.Fatal(err)
		}
		var account struct{ Attributes struct{ BillingDay int } }
		if err := json.Unmarshal([]byte(answer), &account); err != nil {
			t.Fatal(err)
		}
		if value := l.written[tenant.namespace]; account.Attributes.BillingDay != value {
			t.Errorf("%s: the last write that was confirmed is lost: billingDay is %d, was set to %d", tenant.namespace, account.Attributes.BillingDay, value)
		}
	}
}

// view is what must be the same before and after.
type view struct {
	live     map[string]string // of each object and each entry of the documents, the generation that customers have
	accounts map[string]int64
	schema   map[string]int64
}

// look reads everything, and expects every status to be one that tools understand.
func look(t *testing.T, w *world) view {
	t.Helper()
	restConfig, err := clientcmd.BuildConfigFromFlags("", w.kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	reader, err := client.New(restConfig, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	v := view{live: map[string]string{}, accounts: map[string]int64{}, schema: map[string]int64{}}
	list := func(objects client.ObjectList) {
		t.Helper()
		if err := reader.List(t.Context(), objects); err != nil {
			t.Fatal(err)
		}
	}
	check := func(object client.Object, live int64) {
		t.Helper()
		if err := kube.LegalStatus(object); err != nil {
			t.Errorf("%T %s: %v", object, object.GetName(), err)
		}
		v.live[fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName())] = fmt.Sprintf("%s %d", object.GetUID(), live)
	}
	var providers v1alpha1.TenantList
	var profiles v1alpha1.AccountProfileList
	var portals v1alpha1.MyAccountProfileList
	var templates v1alpha1.EventTemplateList
	list(&providers)
	list(&profiles)
	list(&portals)
	list(&templates)
	for i := range providers.Items {
		tenant := &providers.Items[i]
		check(tenant, tenant.Status.LiveGeneration)
		if tenant.Status.Accounts == nil || tenant.Status.Database.SchemaVersion == nil {
			t.Fatalf("%s has no number of accounts or no version of the schema: %+v", tenant.Name, tenant.Status)
		}
		v.accounts[tenant.Name], v.schema[tenant.Name] = *tenant.Status.Accounts, *tenant.Status.Database.SchemaVersion
		maps.Copy(v.live, entries(t, w, tenant.Name))
	}
	for i := range profiles.Items {
		check(&profiles.Items[i], profiles.Items[i].Status.LiveGeneration)
	}
	for i := range portals.Items {
		check(&portals.Items[i], portals.Items[i].Status.LiveGeneration)
	}
	for i := range templates.Items {
		check(&templates.Items[i], templates.Items[i].Status.LiveGeneration)
	}
	return v
}

// entries are those of the settings document that runs, read as this release reads it.
func entries(t *testing.T, w *world, tenant string) map[string]string {
	t.Helper()
	var configMap struct{ Data map[string]string }
	if err := json.Unmarshal([]byte(w.kubectl(t, "--namespace", tenant, "get", "configmap", tenant+"-settings", "-o", "json")), &configMap); err != nil {
		t.Fatal(err)
	}
	if len(configMap.Data) != 1 {
		t.Fatalf("ConfigMap %s-settings has %d keys", tenant, len(configMap.Data))
	}
	found := map[string]string{}
	for _, document := range configMap.Data {
		settings, err := config.Parse([]byte(document))
		if err != nil {
			t.Fatalf("the document of %s: %v", tenant, err)
		}
		for kind, list := range map[string][]config.Entry{"Tenant": {settings.Tenant}, "AccountProfile": settings.AccountProfiles, "MyAccountProfile": settings.MyAccountProfiles} {
			for _, e := range list {
				found[fmt.Sprintf("document of %s: %s %s", tenant, kind, e.Name)] = fmt.Sprintf("%s %d %s", e.UID, e.Generation, e.State)
			}
		}
	}
	return found
}
