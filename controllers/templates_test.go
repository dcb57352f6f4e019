package controllers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// templateRuns is what a template says of which the dispatcher runs the newest generation.
var templateRuns = []string{"Accepted=True", "ResolvedRefs=True", "Programmed=True", "Ready=True",
	"Reconciling=Absent", "Stalled=Absent", "Conflicted=Absent"}

func TestTemplateGoesLive(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	flapping := watchFlaps(t, tenant)
	told := refreshes(w.podsOf("acme", provision.Portal, provision.Backoffice))
	template := w.eventTemplate("acme", "reminder", "business")
	template.Spec.Actions = append(template.Spec.Actions, v1alpha1.ActionSpec{
		Name: "text", Type: v1alpha1.ActionSMS, Days: []int32{3},
		SMS: v1alpha1.SMSSpec{To: []v1alpha1.SMSRecipient{"Billing"}, Text: "Please pay {{.invoice.number}}."},
	})
	w.create(template)
	w.expect(template, templateRuns...)
	if s := template.Status; s.LiveGeneration != 1 || s.LastModifiedTime == nil || s.SMSSegments != 1 {
		t.Errorf("status: %+v", s)
	}
	routing := w.routing("acme")
	if got := routing.Templates["reminder"]; got.Event != "invoice.unpaid" || len(got.Actions) != 2 {
		t.Errorf("live is %+v", got)
	}
	kube.Eventually(t, "the tenant names the document", func() error {
		w.expect(tenant, "Ready=True")
		return want(tenant.Status.Config.RoutingDigest, w.routing("acme").Digest)
	})

	profile := &v1alpha1.AccountProfile{ObjectMeta: metav1.ObjectMeta{Name: "business", Namespace: template.Namespace}}
	source := func(want v1alpha1.EventStatus) {
		t.Helper()
		kube.Eventually(t, "the profile says where its messages come from", func() error {
			w.get(profile)
			for _, e := range profile.Status.Events {
				if e.Event == want.Event {
					if diff := cmp.Diff(want, e); diff != "" {
						return errors.New(diff)
					}
					return nil
				}
			}
			return fmt.Errorf("nothing about %s: %+v", want.Event, profile.Status.Events)
		})
	}
	source(v1alpha1.EventStatus{Event: "invoice.unpaid", Source: v1alpha1.MessagesOfTemplate, Templates: []string{"reminder"}})
	source(v1alpha1.EventStatus{Event: "invoice.issued", Source: v1alpha1.MessagesStandard})

	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Text = "Pay {{.invoice.totl}}" })
	w.expect(template, "Ready=False/Invalid", "Accepted=False/Invalid", "Programmed=False/NotAccepted", "Stalled=True")
	for _, part := range []string{"spec.actions[0].email.text, line 1, column ", ".invoice.totl", "generation 1 stays live"} {
		if m := message(template, "Ready"); !strings.Contains(m, part) {
			t.Errorf("Ready does not say %q: %q", part, m)
		}
	}
	if now := w.routing("acme"); now.Digest != routing.Digest || template.Status.LiveGeneration != 1 || template.Status.SMSSegments != 1 {
		t.Errorf("a refused edit changed what is live: %+v, %+v", now.Routing, template.Status)
	}

	edit(w, template, func(e *v1alpha1.EventTemplate) {
		e.Spec.Actions = e.Spec.Actions[:1]
		e.Spec.Actions[0].Email.Text = "Pay."
	})
	w.expect(template, templateRuns...)
	if s := template.Status; s.LiveGeneration != 3 || s.SMSSegments != 0 {
		t.Errorf("status: %+v", s)
	}
	w.expectEvents(template, "Invalid")

	w.delete(template)
	w.eventuallyRouted("acme")
	source(v1alpha1.EventStatus{Event: "invoice.unpaid", Source: v1alpha1.MessagesStandard})
	if diff := cmp.Diff(told, refreshes(w.podsOf("acme", provision.Portal, provision.Backoffice))); diff != "" {
		t.Errorf("pods that do not read the routing document were told to look (-before +after):\n%s", diff)
	}
	if n := flapping.seen(); n != 0 {
		t.Errorf("the tenant was not Ready %d times while templates were edited", n)
	}
}

func TestConflictIsToldAndEnds(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	first, second := w.eventTemplate("acme", "b-first", "business"), w.eventTemplate("acme", "a-second", "business")
	w.create(first)
	w.expect(first, templateRuns...)
	w.create(second)
	other := map[*v1alpha1.EventTemplate]string{first: "a-second", second: "b-first"}
	for _, template := range []*v1alpha1.EventTemplate{first, second} {
		w.expect(template, "Accepted=True", "Conflicted=True/ActionConflict", "Programmed=True", "Ready=True")
		for _, part := range []string{`EventTemplate "` + other[template] + `"`, `"reminder"`, "business", "Email", "day 3"} {
			if m := message(template, "Conflicted"); !strings.Contains(m, part) {
				t.Errorf("Conflicted of %s does not say %q: %q", template.Name, part, m)
			}
		}
		if m := message(template, "Ready"); !strings.Contains(m, "see the condition Conflicted") {
			t.Errorf("Ready of %s does not tell of the conflict: %q", template.Name, m)
		}
		w.expectEvents(template, "ActionConflict")
	}
	withheld := w.routing("acme").Routing.Withheld
	wanted := []config.Withheld{{Template: "a-second", Action: "reminder", AccountProfile: "business", Days: []int32{3}, By: "b-first"}}
	if diff := cmp.Diff(wanted, withheld); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
	w.expect(tenant, "Ready=True")

	edit(w, second, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Days = []int32{5} })
	w.expect(second, templateRuns...)
	w.expect(first, templateRuns...)
	w.expectEvents(second, "ConflictEnded")
	w.expectEvents(first, "ConflictEnded")

	edit(w, second, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Days = []int32{3} })
	w.expect(second, "Conflicted=True")
	w.delete(first) // what is deleted passes its slot on
	w.expect(second, templateRuns...)
	if routing := w.routing("acme"); len(routing.Routing.Withheld) != 0 || len(routing.Templates) != 1 {
		t.Errorf("live is %+v", routing.Routing)
	}
}

// TestTemplateWaitsForWhatItNames: for its tenant, and then for an account profile.
func TestTemplateWaitsForWhatItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	template := w.eventTemplate("acme", "reminder", "later")
	w.create(template)
	w.expect(template, "Ready=False/TenantMissing", "Accepted=False/TenantMissing", "Programmed=False", "Reconciling=True")
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	w.expect(template, "Ready=False/RefNotFound", "Accepted=True", "ResolvedRefs=False/RefNotFound", "Programmed=False/NotAccepted", "Reconciling=True")
	if m := message(template, "Ready"); !strings.Contains(m, `spec.accountProfileRefs[0]: there is no AccountProfile "later"`) {
		t.Errorf("Ready says %q", m)
	}
	kube.Eventually(t, "the tenant counts it", func() error {
		w.expect(tenant, "Ready=True")
		return want(*tenant.Status.Rejected, int32(1))
	})
	w.create(w.accountProfile("acme", "later"))
	w.expect(template, templateRuns...)
	w.delete(tenant)
	w.expect(template, "Ready=False/TenantMissing", "Reconciling=True")
	if template.Status.LiveGeneration != 0 {
		t.Errorf("of a tenant that is gone, generation %d is live", template.Status.LiveGeneration)
	}
}

// TestOwnEventStaysWhileItIsUsed: the edit that would break what is live is the one that
// is refused.
func TestOwnEventStaysWhileItIsUsed(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	template := w.eventTemplate("acme", "reading", "business")
	template.Spec.Event = "custom.meterReading"
	template.Spec.Actions[0].Days = nil
	template.Spec.Actions[0].Email.Subject = "Your meter"
	template.Spec.Actions[0].Email.Text = "Your meter says {{.data.reading}}."
	w.create(template)
	w.expect(template, "ResolvedRefs=False/RefNotFound", "Reconciling=True")
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Events = []v1alpha1.EventDeclaration{{
			Name: "custom.meterReading", Fields: []v1alpha1.EventField{{Name: "reading", Type: "Integer"}},
		}}
	})
	w.expect(tenant, "Ready=True")
	w.expect(template, templateRuns...)
	before := w.routing("acme").Digest

	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Events = nil; t.Spec.DisplayName = "Renamed" })
	w.expect(tenant, "Ready=False", "Accepted=False", "Stalled=True")
	for _, part := range []string{"spec.events", "custom.meterReading", `"reading"`} {
		if m := message(tenant, "Ready"); !strings.Contains(m, part) {
			t.Errorf("Ready does not say %q: %q", part, m)
		}
	}
	w.expect(template, templateRuns...)
	if w.routing("acme").Digest != before || strings.Contains(w.configMap("acme").Data[provision.KeySettings], "Renamed") {
		t.Error("a refused edit of the Tenant changed what is live")
	}
	w.delete(template)
	kube.Eventually(t, "the edit is live when nothing uses the event", func() error {
		edit(w, tenant, func(t *v1alpha1.Tenant) { t.Labels = map[string]string{"look": "again"} })
		w.get(tenant)
		return want(holds(tenant.Status.Conditions, "Accepted=True") && tenant.Status.LiveGeneration == tenant.Generation, true)
	})
	w.expect(tenant, "Ready=True")
	w.eventuallyRouted("acme")
}

// templateWorld has a tenant "acme" that is Ready, with an account profile "business".
func templateWorld(t *testing.T) (*world, *v1alpha1.Tenant) {
	t.Helper()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	return w, tenant
}

func (w *world) routingMap(tenant string) *corev1.ConfigMap {
	w.t.Helper()
	routing := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: provision.RoutingName(tenant)}}
	w.get(routing)
	return routing
}

// routing is the routing document of a tenant, as a dispatcher loads it.
func (w *world) routing(tenant string) *config.LiveRouting {
	w.t.Helper()
	routing := w.routingMap(tenant)
	document, err := config.Unpack(routing.BinaryData[config.RoutingFile])
	if err != nil {
		w.t.Fatal(err)
	}
	live, err := config.OpenRouting(document)
	if err != nil {
		w.t.Fatal(err)
	}
	if routing.Annotations[provision.AnnotationDigest] != live.Digest {
		w.t.Errorf("the ConfigMap is annotated with %s, the document is %s", routing.Annotations[provision.AnnotationDigest], live.Digest)
	}
	return live
}

// eventuallyRouted waits until exactly these templates are in the routing document.
func (w *world) eventuallyRouted(tenant string, names ...string) {
	w.t.Helper()
	kube.Eventually(w.t, "the routing document has the templates", func() error {
		var live []string
		for _, e := range w.routing(tenant).Routing.Templates {
			live = append(live, e.Name)
		}
		if !slices.Equal(live, names) {
			return errorf("live are %v, want %v", live, names)
		}
		return nil
	})
}

// podsOf are those of components.
func (w *world) podsOf(tenant string, components ...provision.Component) []corev1.Pod {
	w.t.Helper()
	return slices.DeleteFunc(w.pods(tenant), func(pod corev1.Pod) bool { return !slices.Contains(components, componentOf(&pod)) })
}

// refreshes are the annotations that make kubelets look, by pod.
func refreshes(pods []corev1.Pod) map[string]string {
	values := map[string]string{}
	for _, pod := range pods {
		values[pod.Name] = pod.Annotations[provision.AnnotationRefresh]
	}
	return values
}

// expectEvents waits until an event of each reason was recorded about an object.
func (w *world) expectEvents(o client.Object, reasons ...string) {
	w.t.Helper()
	kube.Eventually(w.t, "events are recorded", func() error {
		var list eventsv1.EventList
		if err := w.client.List(w.t.Context(), &list, client.InNamespace(o.GetNamespace())); err != nil {
			return err
		}
		for _, reason := range reasons {
			if !slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool { return e.Regarding.UID == o.GetUID() && e.Reason == reason }) {
				return errorf("no event %s about %s", reason, o.GetName())
			}
		}
		return nil
	})
}
