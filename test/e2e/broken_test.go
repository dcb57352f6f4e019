//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
)

// brokenEdit is a mistake that the API server cannot see. What customers have stays as
// it is, the status names the fault, and the fix goes live.
type brokenEdit struct {
	name   string
	object client.Object // of namespace acme
	broken string        // manifests
	fixed  string
	fault  []string // in the message of the condition that is False
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "acme", Name: name}
}

func brokenEdits() []brokenEdit {
	return []brokenEdit{
		{
			name:   "the account profile of a customer names a portal profile that is not there",
			object: &foyerv1alpha1.AccountProfile{ObjectMeta: named("business")},
			broken: business("attributes: {tradingTermsDays: 60}", "myAccountProfileRef: {name: fulll}"),
			fixed:  samples,
			fault:  []string{"spec.myAccountProfileRef", "fulll", "full"},
		},
		{
			name:   "the account profile of a customer has a time zone that does not exist",
			object: &foyerv1alpha1.AccountProfile{ObjectMeta: named("business")},
			broken: business("attributes: {tradingTermsDays: 60, timeZone: Europe/Nowhere}"),
			fixed:  samples,
			fault:  []string{"spec.attributes.timeZone", "Europe/Nowhere"},
		},
		{
			name:   "a portal profile asks for a customer that another one has",
			object: &foyerv1alpha1.MyAccountProfile{ObjectMeta: named("e2e-second")},
			broken: myAccountProfile("customer: e2e-customer"),
			fixed:  myAccountProfile("customer: e2e-other-customer"),
			fault:  []string{"spec.customer", "e2e-customer", "e2e-first"},
		},
		{
			name:   "a template has a field that its event does not have",
			object: &foyerv1alpha1.EventTemplate{ObjectMeta: named("e2e-reminder")},
			broken: reminder("e2e-reminder", 200, "Dear customer,\nplease pay {{.invoice.balnce}}.", "invoice.balance >= 1.0"),
			fixed:  reminder("e2e-reminder", 200, "Dear customer,\nplease pay {{.invoice.balance}}.", "invoice.balance >= 1.0"),
			fault:  []string{"spec.actions[0].email.text", "line 2", "balnce", "balance"},
		},
		{
			name:   "a template has a condition that is none",
			object: &foyerv1alpha1.EventTemplate{ObjectMeta: named("e2e-reminder")},
			broken: reminder("e2e-reminder", 200, "Please pay {{.invoice.number}}.", "invoice.balance"),
			fixed:  reminder("e2e-reminder", 200, "Please pay {{.invoice.number}}.", "invoice.balance > 5.0"),
			fault:  []string{"spec.when"},
		},
		{
			name:   "the tenant takes away an event that a template is for",
			object: &foyerv1alpha1.Tenant{ObjectMeta: named("acme")},
			broken: tenantWithoutEvents,
			fixed:  samples,
			fault:  []string{"spec.events", "custom.appointmentBooked", "appointment-booked"},
		},
		{
			name:   "the tenant asks for the host name of another one",
			object: &foyerv1alpha1.Tenant{ObjectMeta: named("acme")},
			broken: tenantWithTakenHost,
			fixed:  samples,
			fault:  []string{"spec.portal.hostname", "nordlicht.localhost"},
		},
	}
}

// The edits of the Tenant are made by patches: its manifest is that of the samples, which
// also mend what is broken of them.
const (
	tenantWithoutEvents = `patch:[{"op":"remove","path":"/spec/events"}]`
	tenantWithTakenHost = `patch:[{"op":"replace","path":"/spec/portal/hostname","value":"nordlicht.localhost"}]`
	samples             = `samples`
)

// business is the profile of the customer who looks at a page: it says 21 days to pay.
func business(fields ...string) string {
	return manifest("AccountProfile", "business", append(fields, "displayName: Business customers")...)
}

func myAccountProfile(fields ...string) string {
	return manifest("MyAccountProfile", "e2e-first", "displayName: First of a test", "customer: e2e-customer") + "\n---\n" +
		manifest("MyAccountProfile", "e2e-second", append(fields, "displayName: Second of a test")...)
}

// reminder is a template that fires on one day, which no sample uses.
func reminder(name string, day int, text, when string) string {
	return manifest("EventTemplate", name,
		"event: invoice.unpaid",
		"accountProfileRefs: [{name: business}]",
		fmt.Sprintf("when: %q", when),
		fmt.Sprintf("actions: [{name: remind, type: Email, days: [%d], email: {to: [Billing], subject: %q, text: %q}}]", day, "Invoice {{.invoice.number}}", text),
	)
}

func manifest(kind, name string, fields ...string) string {
	return fmt.Sprintf("apiVersion: foyer.dev/v1alpha1\nkind: %s\nmetadata: {name: %s, namespace: acme}\nspec:\n  tenantRef: {name: acme}\n  %s\n",
		kind, name, strings.Join(fields, "\n  "))
}

// change applies manifests, a patch of the tenant, or the samples again.
func change(t *testing.T, what string) {
	t.Helper()
	patch, isPatch := strings.CutPrefix(what, "patch:")
	switch {
	case what == samples:
		restoreSamples(t)
	case isPatch:
		mustKubectl(t, "--namespace", "acme", "patch", "tenant", "acme", "--type=json", "--patch", patch)
	default:
		file := filepath.Join(t.TempDir(), "change.yaml")
		if err := os.WriteFile(file, []byte(what), 0o600); err != nil {
			t.Fatal(err)
		}
		mustKubectl(t, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", file)
	}
}

// A broken edit of each kind, live: customers notice nothing, the status names the
// fault, also after a restart of the operator, and the fix goes live.
func TestBrokenEditsHarmNobody(t *testing.T) {
	c := cluster(t)
	t.Cleanup(func() { deleteTestObjects(t); restoreSamples(t) })
	dana := cookiesOf(t, "dana")
	pods := portalPods(t, c)
	load := startLoad(t, pods, dana)
	for i, edit := range brokenEdits() {
		t.Run(edit.name, func(t *testing.T) {
			change(t, edit.fixed) // something good is live first
			waitLive(t, c, edit.object)
			waitSettled(t, c)
			before := digests(t, c)
			change(t, edit.broken)
			expectRefused(t, c, edit)
			if after := digests(t, c); after != before {
				t.Errorf("what is live has changed:\n%s\nbefore:\n%s", after, before)
			}
			if i%2 == 0 { // every other one, with the operator restarted while it is broken
				restartOperator(t, c)
				expectRefused(t, c, edit)
			}
			for _, pod := range pods {
				if missing := lacks(t, pod, dana, "/", "21 days"); missing != "" {
					t.Errorf("customers noticed a refused edit, %s: %s", pod.Name, missing)
				}
			}
			begin := time.Now()
			change(t, edit.fixed)
			waitLive(t, c, edit.object)
			t.Logf("the fix was live %s after kubectl began", time.Since(begin).Round(10*time.Millisecond))
		})
	}
	requests, failures := load.stop()
	if requests < 100 || len(failures) > 0 {
		t.Errorf("%d of %d requests failed: %v", len(failures), requests, failures)
	}
}

// 200 templates of which 50 are broken: the others are live, each of the broken ones
// says what is wrong with it, the Tenant counts them, and all of them can be mended.
func TestFiftyBrokenTemplatesOfTwoHundred(t *testing.T) {
	c := cluster(t)
	t.Cleanup(func() { deleteTestObjects(t) })
	const templates = 200
	manifests := func(broken func(int) bool) string {
		var all []string
		for i := range templates {
			field := "number"
			if broken(i) {
				field = "nummer"
			}
			all = append(all, reminder(fmt.Sprintf("e2e-many-%03d", i), 100+i, "Please pay {{.invoice."+field+"}}.", "true"))
		}
		return strings.Join(all, "---\n")
	}
	everyFourth := func(i int) bool { return i%4 == 0 }
	before := rejected(t, c)
	change(t, manifests(everyFourth))
	begin := time.Now()
	eventually(t, time.Minute, "150 templates live and 50 refused", func() string { return missingOf(t, c, templates, everyFourth) })
	t.Logf("200 templates were judged %s after kubectl ended", time.Since(begin).Round(10*time.Millisecond))
	eventually(t, time.Minute, "the tenant counts them", func() string {
		if now := rejected(t, c); now != before+templates/4 {
			return fmt.Sprintf("%d are rejected, before there were %d", now, before)
		}
		return ""
	})
	waitReady(t, "tenant/acme")
	restartOperator(t, c)
	if missing := missingOf(t, c, templates, everyFourth); missing != "" {
		t.Errorf("after a restart of the operator: %s", missing)
	}
	none := func(int) bool { return false }
	change(t, manifests(none))
	eventually(t, time.Minute, "200 templates live", func() string { return missingOf(t, c, templates, none) })
}

// missingOf says which template is not as it should be.
func missingOf(t *testing.T, c client.Client, templates int, broken func(int) bool) string {
	t.Helper()
	var list foyerv1alpha1.EventTemplateList
	if err := c.List(t.Context(), &list, client.InNamespace("acme")); err != nil {
		t.Fatal(err)
	}
	byName := map[string]foyerv1alpha1.EventTemplate{}
	for _, o := range list.Items {
		byName[o.Name] = o
	}
	for i := range templates {
		o := byName[fmt.Sprintf("e2e-many-%03d", i)]
		accepted := meta.FindStatusCondition(o.Status.Conditions, foyerv1alpha1.ConditionAccepted)
		switch {
		case accepted == nil || accepted.ObservedGeneration != o.Generation:
			return o.Name + " was not looked at"
		case broken(i) && (accepted.Status != metav1.ConditionFalse || !strings.Contains(accepted.Message, "nummer")):
			return o.Name + " does not name its fault: " + accepted.Message
		case !broken(i) && o.Status.LiveGeneration != o.Generation:
			return fmt.Sprintf("%s: generation %d is live, wanted %d", o.Name, o.Status.LiveGeneration, o.Generation)
		}
	}
	return ""
}

func rejected(t *testing.T, c client.Client) int32 {
	t.Helper()
	tenant := &foyerv1alpha1.Tenant{ObjectMeta: named("acme")}
	get(t, c, tenant)
	if tenant.Status.Rejected == nil {
		return 0
	}
	return *tenant.Status.Rejected
}

func get(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		t.Fatal(err)
	}
}

// stateOf reads what the status of an object says.
func stateOf(t *testing.T, c client.Client, o client.Object) (conditions []metav1.Condition, live int64) {
	t.Helper()
	get(t, c, o)
	return conditionsOf(t, o), liveOf(o)
}

func conditionsOf(t *testing.T, o client.Object) []metav1.Condition {
	t.Helper()
	switch o := o.(type) {
	case *foyerv1alpha1.Tenant:
		return o.Status.Conditions
	case *foyerv1alpha1.AccountProfile:
		return o.Status.Conditions
	case *foyerv1alpha1.MyAccountProfile:
		return o.Status.Conditions
	case *foyerv1alpha1.EventTemplate:
		return o.Status.Conditions
	}
	t.Fatalf("%T has no status that is known", o)
	return nil
}

func liveOf(o client.Object) int64 {
	switch o := o.(type) {
	case *foyerv1alpha1.Tenant:
		return o.Status.LiveGeneration
	case *foyerv1alpha1.AccountProfile:
		return o.Status.LiveGeneration
	case *foyerv1alpha1.MyAccountProfile:
		return o.Status.LiveGeneration
	case *foyerv1alpha1.EventTemplate:
		return o.Status.LiveGeneration
	}
	return 0
}

func waitLive(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	eventually(t, time.Minute, fmt.Sprintf("%T %s live", o, o.GetName()), func() string {
		conditions, live := stateOf(t, c, o)
		if live != o.GetGeneration() {
			return fmt.Sprintf("generation %d is live, wanted %d: %v", live, o.GetGeneration(), conditions)
		}
		return ""
	})
}

// expectRefused waits until the newest generation is refused for the fault, by Accepted
// or by ResolvedRefs, while an older one is live.
func expectRefused(t *testing.T, c client.Client, edit brokenEdit) {
	t.Helper()
	eventually(t, time.Minute, "the status names the fault", func() string {
		conditions, live := stateOf(t, c, edit.object)
		for _, kind := range []string{foyerv1alpha1.ConditionAccepted, foyerv1alpha1.ConditionResolvedRefs} {
			condition := meta.FindStatusCondition(conditions, kind)
			if condition == nil || condition.Status != metav1.ConditionFalse || condition.ObservedGeneration != edit.object.GetGeneration() {
				continue
			}
			if slices.ContainsFunc(edit.fault, func(part string) bool { return !strings.Contains(condition.Message, part) }) {
				return fmt.Sprintf("it does not say %q: %s", edit.fault, condition.Message)
			}
			if live == 0 || live >= edit.object.GetGeneration() {
				return fmt.Sprintf("generation %d is live", live)
			}
			return ""
		}
		return fmt.Sprintf("nothing is refused: %v", conditions)
	})
}

// waitSettled waits until every object was looked at, and until nothing is left of those
// that other tests have deleted: both change what is live.
func waitSettled(t *testing.T, c client.Client) {
	t.Helper()
	eventually(t, time.Minute, "nothing on its way any more", func() string {
		tenant := &foyerv1alpha1.Tenant{ObjectMeta: named("acme")}
		if get(t, c, tenant); tenant.Status.ObservedGeneration != tenant.Generation || len(tenant.Status.OrphanedProfiles) > 0 {
			return fmt.Sprintf("generation %d of the tenant: %+v", tenant.Generation, tenant.Status)
		}
		for _, list := range []client.ObjectList{
			&foyerv1alpha1.AccountProfileList{}, &foyerv1alpha1.MyAccountProfileList{}, &foyerv1alpha1.EventTemplateList{},
		} {
			if err := c.List(t.Context(), list, client.InNamespace("acme")); err != nil {
				t.Fatal(err)
			}
			if name := unobserved(t, list); name != "" {
				return name + " was not looked at"
			}
		}
		return ""
	})
}

// unobserved names an object of which the newest generation was not looked at yet.
func unobserved(t *testing.T, list client.ObjectList) (name string) {
	t.Helper()
	err := meta.EachListItem(list, func(item runtime.Object) error {
		o, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object", item)
		}
		accepted := meta.FindStatusCondition(conditionsOf(t, o), foyerv1alpha1.ConditionAccepted)
		if accepted == nil || accepted.ObservedGeneration != o.GetGeneration() {
			name = o.GetName()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// digests are those of the documents that are live.
func digests(t *testing.T, c client.Client) string {
	t.Helper()
	var lines []string
	for _, name := range []string{"acme-settings", "acme-routing"} {
		o := &corev1.ConfigMap{ObjectMeta: named(name)}
		get(t, c, o)
		lines = append(lines, name+" "+o.Annotations["foyer.dev/digest"])
	}
	return strings.Join(lines, "\n")
}

// restartOperator returns when the new one has looked at the tenant and made an edit live.
// Of a tenant that is refused none goes live: then it has said so.
func restartOperator(t *testing.T, c client.Client) {
	t.Helper()
	mustKubectl(t, "--namespace", operatorNamespace, "delete", "pods", "--all")
	change(t, manifest("AccountProfile", "e2e-touched", fmt.Sprintf("displayName: Touched %d", time.Now().UnixNano())))
	touched := &foyerv1alpha1.AccountProfile{ObjectMeta: named("e2e-touched")}
	eventually(t, 90*time.Second, "the new operator at work", func() string {
		get(t, c, touched)
		accepted := meta.FindStatusCondition(touched.Status.Conditions, foyerv1alpha1.ConditionAccepted)
		switch {
		case accepted == nil || touched.Status.ObservedGeneration != touched.Generation:
			return "an edit was not looked at"
		case touched.Status.LiveGeneration != touched.Generation && accepted.Reason != "TenantRefused":
			return "an edit is not live: " + accepted.Message
		}
		return ""
	})
}

func deleteTestObjects(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	out, err := kubectl(ctx, "--namespace", "acme", "get", "foyer", "--output=name")
	if err != nil {
		t.Error(err)
		return
	}
	names := slices.DeleteFunc(strings.Fields(out), func(name string) bool { return !strings.Contains(name, "/e2e-") })
	if len(names) == 0 {
		return
	}
	if _, err := kubectl(ctx, append([]string{"--namespace", "acme", "delete", "--wait=false"}, names...)...); err != nil {
		t.Error(err)
	}
}
