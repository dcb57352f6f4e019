package compile_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// addDelivery makes the tenant say how it tells people, sometimes in a way that is refused.
func (w *world) addDelivery(t *v1alpha1.Tenant) {
	t.Spec.Delivery = v1alpha1.DeliverySpec{Mode: v1alpha1.DeliveryMode(maybe(w, 60, []string{"Hold", "Live", "Live", "Redirect"})), RedirectTo: "me@acme.example"}
	if w.chance(40) {
		security := v1alpha1.SMTPSecurity(maybe(w, 60, []string{"TLS", "StartTLS", "None", "Some"}))
		t.Spec.Email = v1alpha1.EmailChannelSpec{From: "a@acme.example", SMTP: v1alpha1.SMTPSpec{Host: "smtp.acme.example", Security: security}}
	}
	if w.chance(20) {
		t.Spec.Backoffice.EventTypes = pick(w, [][]v1alpha1.EventPattern{{"payment.*", "account.created"}, {"custom.a"}, {"invoice.unpaid"}})
	}
	for _, name := range []string{"z", "m"} {
		if w.chance(30) {
			events := []v1alpha1.EventPattern{"invoice.paid", "contact.*", pick(w, []v1alpha1.EventPattern{"custom.a", "custom.b", "custom.*", "account.*"})}
			t.Spec.Webhooks = append(t.Spec.Webhooks, v1alpha1.TenantWebhookSpec{Name: name, URL: "https://" + name + ".example/", Events: events})
		}
	}
}

func (w *world) standardEvents() v1alpha1.StandardEventsSpec {
	return v1alpha1.StandardEventsSpec{
		Mode:     v1alpha1.StandardEventsMode(maybe(w, 30, []string{"None", "Inherit", "Inherit"})),
		Disabled: pick(w, [][]string{nil, nil, {"order.placed", "invoice.paid"}, {"no.such"}}),
	}
}

// Whatever people say about how they are told: the order of it does not matter, what is
// written stays, each webhook asks for events that there are, what may be signed can be sent
// in, and the status of a profile says what the documents do.
func TestTenantsThatSend(t *testing.T) {
	refused, replaced := 0, 0
	for seed := range uint64(20) {
		w := newWorld(seed)
		w.sending = true
		live(t, w, seed, func(t *testing.T, w *world, out compile.Output) {
			if again := mustCompile(t, w.shuffled()); !reflect.DeepEqual(out, again) {
				t.Error(cmp.Diff(out, again))
			}
			if out.Document == nil {
				refused++
				return
			}
			w.checkPatterns(t, out.Document)
			replaced += checkSources(t, out)
			in := w.input
			in.Live, in.LiveRouting, in.Acknowledged = out.Document, out.Routing, false
			again := mustCompile(t, in)
			if !bytes.Equal(again.Document, out.Document) || !bytes.Equal(again.Routing, out.Routing) {
				t.Errorf("it moves:\n%s\n%s", cmp.Diff(string(out.Document), string(again.Document)), cmp.Diff(string(out.Routing), string(again.Routing)))
			}
			for name, o := range out.AccountProfiles {
				if diff := cmp.Diff(o.Events, again.AccountProfiles[name].Events); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
	if refused < 10 || replaced < 20 {
		t.Errorf("%d passes were refused, %d messages replaced: this test tries too little", refused, replaced)
	}
}

func (w *world) checkPatterns(t *testing.T, document []byte) {
	t.Helper()
	own := content[config.Tenant](t, document, "Tenant", "acme")
	known, _ := catalog.New(own.Events)
	for _, pattern := range own.EventTypes {
		if !slices.ContainsFunc(known.Names(), func(name string) bool {
			event, _ := known.Lookup(name)
			return catalog.Matches(pattern, name) && event.WhyNotSentIn() == ""
		}) {
			t.Errorf("%s may be sent in with a signature, and there is %q", pattern, known.Names())
		}
	}
	for _, hook := range own.Webhooks {
		for _, pattern := range hook.Events {
			if !slices.ContainsFunc(known.Names(), func(name string) bool { return catalog.Matches(pattern, name) }) {
				t.Errorf("webhook %s asks for %s, and there is %q", hook.Name, pattern, known.Names())
			}
		}
	}
}

// checkSources asks the documents as a dispatcher does where the messages of each profile
// come from, and counts those that templates replace.
func checkSources(t *testing.T, out compile.Output) int {
	t.Helper()
	settings, routing := mustLoad(t, out.Document), mustRoute(t, out.Routing)
	replaced := 0
	for name, o := range out.AccountProfiles {
		for _, e := range o.Events {
			var templates []string
			for template, content := range routing.Templates {
				if content.Event == e.Event && slices.Contains(content.AccountProfiles, name) {
					templates = append(templates, template)
				}
			}
			slices.Sort(templates)
			if !slices.Equal(templates, e.Templates) || (len(templates) > 0) != (e.Source == v1alpha1.MessagesOfTemplate) {
				t.Errorf("%s, %s: the status says %+v, the document has %q", name, e.Event, e, templates)
			}
			if e.Source == v1alpha1.MessagesStandard && !settings.HasStandard(name, e.Event) {
				t.Errorf("%s, %s: the status says %+v, and the standard message is off", name, e.Event, e)
			}
			replaced += len(templates)
		}
	}
	return replaced
}
