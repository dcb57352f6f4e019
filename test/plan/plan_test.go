package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// newCustomers are ten business and twenty residential accounts, each with an owner who signs
// in and an invoice that is due today. Two are in the group gold.
func newCustomers(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	var accounts, contacts, invoices []string
	today := time.Now().UTC().Format(time.DateOnly)
	for i := range 30 {
		id, profile, groups := fmt.Sprint(10001+i), "residential", "[]"
		if i < 10 {
			profile = "business"
		} else if i < 12 {
			groups = `["gold"]`
		}
		accounts = append(accounts, fmt.Sprintf(`{"id":%q,"name":"Customer","accountProfile":%q,"groups":%s}`, id, profile, groups))
		contacts = append(contacts, fmt.Sprintf(`{"id":"%s-dana","accountId":%q,"firstName":"Dana","email":"dana@c%s.example","access":"Active","owner":true,"roles":["Billing"],"user":{"username":"dana%s"}}`, id, id, id, id))
		invoices = append(invoices, fmt.Sprintf(`{"id":"i-%s","accountId":%q,"number":"INV-%s","issuedOn":"2026-01-01","dueOn":%q,"total":"100.00","status":"Open"}`, id, id, id, today))
	}
	w.must("groups", `{"name":"gold","displayName":"Gold"}`)
	w.must("accounts", accounts...)
	w.must("contacts", contacts...)
	w.must("invoices", invoices...)
	w.dispatch()
	return w
}

// dispatch says that a dispatcher runs the routing document.
func (w *world) dispatch() {
	w.t.Helper()
	if err := w.tenant.Dispatcher.Acknowledge(w.t.Context(), store.Replica{Pod: "dispatcher-1", Component: "dispatcher", Routing: w.routing}); err != nil {
		w.t.Fatal(err)
	}
}

var date = regexp.MustCompile(`20\d\d-\d\d-\d\d`)

// shown is what a person reads, on any day and in any directory.
func (w *world) shown(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, w.files+"/", ""), w.namespace, "acme")
	return date.ReplaceAllString(text, "2026-11-25")
}

// example is a block of docs/kubectl-foyer.md that begins so.
func example(t *testing.T, begins string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/kubectl-foyer.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```\n"+begins)
	if !found {
		t.Fatalf("docs/kubectl-foyer.md shows nothing that begins with %q", begins)
	}
	block, _, _ = strings.Cut(block, "```")
	return date.ReplaceAllString(begins+block, "2026-11-25")
}

// What the page shows is what is printed, for the change that the page tells of.
func TestPlanAsTheDocsShowIt(t *testing.T) {
	w := newCustomers(t)
	for _, args := range [][]string{{}, {"--detailed-exitcode"}, {"--prune", "--detailed-exitcode", "--namespace", w.namespace, "--tenant", "acme"}} {
		got := w.foyer(append([]string{"plan", "-f", w.files}, args...)...)
		if got.code != 0 || got.out != "Plan for Tenant acme: nothing changes for customers\n\nObjects\n  = 14 objects: as customers have it already\n" && len(args) > 0 && args[0] != "--prune" {
			t.Errorf("what is live: %v code %d %s%s", args, got.code, got.out, got.err)
		}
	}
	w.change()
	got := w.foyer("plan", "-f", w.files, "--prune", "--samples", "2", "--detailed-exitcode")
	same(t, "code", 2, got.code)
	same(t, "docs/kubectl-foyer.md and what is printed", example(t, "Plan for Tenant acme: 20 accounts"), w.shown(got.out))
	if without := w.foyer("plan", "-f", w.files, "--detailed-exitcode"); strings.Contains(without.out, "gold") || without.code != 2 {
		t.Errorf("without --prune: %s%s", without.out, without.err)
	}
}

// change is what the page tells of: reminders two days later, a feature for residential
// accounts, and no profile for the group gold any more.
func (w *world) change() {
	w.t.Helper()
	w.edit("eventtemplates-reminders.yaml", "days: [3]", "days: [5]")
	w.edit("myaccountprofiles.yaml", "    - EditProfile\n", "    - EditProfile\n    - ViewServices\n")
	w.drop("myaccountprofiles.yaml", "gold")
}

// What is told is what is there after it was applied: of every account the features, and of
// every reminder the day.
func TestPlanComesTrue(t *testing.T) {
	w := newCustomers(t)
	w.change()
	var report struct {
		Changes bool
		compare.Difference
	}
	got := w.foyer("plan", "-f", w.files, "--prune", "-o", "json", "--samples", "100")
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || !report.Changes {
		t.Fatalf("%v %s%s", err, got.out, got.err)
	}
	before := w.seen()
	w.apply()
	w.dispatch()
	after := w.seen()
	gained, lost, moved := map[string]int{}, map[string]int{}, 0
	for id, was := range before {
		for feature, decision := range was.features {
			switch now := after[id].features[feature]; {
			case decision != "Allowed" && now == "Allowed":
				gained[feature]++
			case decision == "Allowed" && now != "Allowed":
				lost[feature]++
			}
		}
		if fmt.Sprint(was.days) != fmt.Sprint(after[id].days) {
			moved++
		}
	}
	told := map[string]map[string]int{compare.Gained: {}, compare.Lost: {}}
	for _, f := range report.People.Features {
		told[f.Change][f.Feature] = int(f.Owners + f.SubAccounts)
		if len(f.Sample) != int(f.Owners+f.SubAccounts) {
			t.Errorf("%s: %d of %d are named", f.Feature, len(f.Sample), f.Owners)
		}
	}
	same(t, "who gains", gained, told[compare.Gained])
	same(t, "who loses", lost, told[compare.Lost])
	if len(report.Upcoming) != 1 || report.Upcoming[0].Change != compare.Moves || int(report.Upcoming[0].Accounts) != moved || moved != 10 {
		t.Errorf("%d accounts have other days, told is %+v", moved, report.Upcoming)
	}
	if got := w.foyer("plan", "-f", w.files, "--prune", "--detailed-exitcode"); got.code != 0 {
		t.Errorf("applied, and plan again: code %d %s%s", got.code, got.out, got.err)
	}
}

type seenAccount struct {
	features map[string]string
	days     []string
}

func (w *world) seen() map[string]seenAccount {
	w.t.Helper()
	all := map[string]seenAccount{}
	for i := range 30 {
		id := fmt.Sprint(10001 + i)
		settings, err := w.AccountSettings(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		one := seenAccount{features: map[string]string{}}
		for _, f := range settings.Features {
			one.features[f.Feature] = f.Decision
		}
		upcoming, err := w.Upcoming(w.t.Context(), integration.UpcomingQuery{Days: 30, AccountID: id})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, item := range upcoming.Items {
			one.days = append(one.days, item.Day+" "+item.Channel+" "+item.Suppressed)
		}
		all[id] = one
	}
	return all
}

// What the operator would refuse is told, and the rest is compared.
func TestPlanRefuses(t *testing.T) {
	w := newCustomers(t)
	other := cluster.Namespace(t)
	holder := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: other}, Spec: v1alpha1.TenantSpec{
		DisplayName: "Other", Portal: v1alpha1.PortalSpec{Hostname: "taken." + other + ".example"}, Database: v1alpha1.DatabaseSpec{ServerRef: v1alpha1.ObjectRef{Name: "default"}},
	}}
	w.create(holder)
	holder.Status.PortalURL = "https://" + holder.Spec.Portal.Hostname
	if err := cluster.Client.Status().Update(t.Context(), holder); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		edit  func()
		wants []string
	}{
		"a text that is wrong": {func() { w.edit("eventtemplates-reminders.yaml", "{{.invoice.number}}", "{{.invoice.numbre}}") },
			[]string{"! EventTemplate/business-reminders is refused: ", "numbre", "eventtemplates-reminders.yaml:", "nothing was compared"}},
		"a field that cannot change": {func() { w.edit("tenant.yaml", "serverRef:\n      name: default", "serverRef:\n      name: other") },
			[]string{"! Tenant/acme is refused: spec.database: ", "a tenant stays on its database server", "tenant.yaml:", "nothing was compared"}},
		"another tenant": {func() { w.edit("accountprofiles.yaml", "tenantRef:\n    name: acme", "tenantRef:\n    name: other") },
			[]string{"! AccountProfile/business is refused: spec.tenantRef", "nothing was compared"}},
		"a profile that is not there": {func() { w.edit("accountprofiles.yaml", "    name: full", "    name: none") },
			[]string{"AccountProfile/business is refused: ", `"none"`, "Plan for Tenant acme: 1 object is refused"}},
		"a host name that is held": {func() {
			w.edit("tenant.yaml", "hostname: acme."+w.namespace+".example", "hostname: "+holder.Spec.Portal.Hostname)
		},
			[]string{"Tenant/acme is refused: ", "belongs to Tenant of another namespace", "13 objects: waiting for the Tenant", "Nothing of the tenant would change"}},
	} {
		w.copySample()
		test.edit()
		got := w.foyer("plan", "-f", w.files)
		for _, want := range test.wants {
			if got.code != 1 || !strings.Contains(strings.Join(strings.Fields(got.out), " "), want) {
				t.Errorf("%s: code %d, there is no %q in\n%s%s", name, got.code, want, got.out, got.err)
			}
		}
	}
	w.copySample()
	if got := w.foyer("plan", "-f", w.files+"/accountprofiles.yaml", "--prune"); got.code != 2 || !strings.Contains(got.err, "Tenant acme is not in them") {
		t.Errorf("prune without the Tenant: code %d %s%s", got.code, got.out, got.err)
	}
}

// A profile that was deleted and comes back as it was changes something for all who name it,
// where they got the default in between.
func TestPlanOfWhatComesBack(t *testing.T) {
	w := newCustomers(t)
	w.edit("tenant.yaml", "spec:\n", "spec:\n  orphanedProfiles: UseDefault\n")
	w.drop("accountprofiles.yaml", "business")
	w.apply()
	w.dispatch()
	w.copySample()
	got := w.foyer("plan", "-f", w.files+"/accountprofiles.yaml", "--detailed-exitcode")
	for _, want := range []string{"+ AccountProfile/business: there again for those who name it", "~ 10 accounts: accountProfile "} {
		if got.code != 2 || !strings.Contains(got.out, want) {
			t.Errorf("code %d, there is no %q in\n%s%s", got.code, want, got.out, got.err)
		}
	}
}

// Files of another namespace, as the overlay of another environment, are not compared with the
// customers of this one.
func TestPlanOfOneNamespace(t *testing.T) {
	w := newWorld(t)
	w.edit("accountprofiles.yaml", "namespace: "+w.namespace, "namespace: staging")
	got := w.foyer("plan", "-f", w.files, "-n", w.namespace)
	if got.code != 0 || !strings.Contains(strings.Join(strings.Fields(got.out), " "), "is for namespace staging and was left out: this plan is for "+w.namespace) ||
		!strings.Contains(got.out, "= 13 objects") {
		t.Errorf("code %d %s%s", got.code, got.out, got.err)
	}
	if got := w.foyer("plan", "-f", w.files, "-n", "production"); got.code != 2 || !strings.Contains(got.err, "Tenant/acme is for namespace "+w.namespace+" and was left out") {
		t.Errorf("all for another: code %d %s%s", got.code, got.out, got.err)
	}
	if got := w.foyer("upcoming", "-f", w.files, "-n", w.namespace); got.code != 2 || !strings.Contains(got.err, "the object is for namespace staging") {
		t.Errorf("upcoming: code %d %s%s", got.code, got.out, got.err)
	}
}

// A tenant of which nothing is live has no customers; a person without rights is told which.
func TestPlanBeforeAnythingIsLive(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"acme-settings", "acme-routing"} {
		if err := cluster.Client.Delete(context.WithoutCancel(t.Context()), &corev1.ConfigMap{ObjectMeta: w.meta(name)}); err != nil {
			t.Fatal(err)
		}
	}
	got := w.foyer("plan", "-f", w.files, "--detailed-exitcode")
	if !strings.Contains(got.out, "Nothing of Tenant acme is live yet") || !strings.Contains(got.out, "+ Tenant/acme: new") {
		t.Errorf("code %d %s%s", got.code, got.out, got.err)
	}
	if got := w.foyer("plan", "-f", w.files, "--as", "jane"); got.code != 2 || !strings.Contains(got.err, "you need the right to list") {
		t.Errorf("code %d %s%s", got.code, got.out, got.err)
	}
}
