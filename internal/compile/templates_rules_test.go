package compile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// The rules of carrying forward, for event templates.

func TestTenantWithoutTemplatesHasARoutingDocument(t *testing.T) {
	in, out := settled(t, compile.Input{Tenant: tenant(1)})
	live := mustRoute(t, out.Routing)
	if live.Routing.Tenant != "acme" || len(live.Templates) != 0 || live.Digest != out.RoutingDigest {
		t.Errorf("it is %+v, digest %s", live.Routing, out.RoutingDigest)
	}
	routesStay(t, in, mustCompile(t, in))
}

// Rule 1: what is rejected changes nothing.

func TestRejectedTemplateKeepsTheLastAcceptedEntry(t *testing.T) {
	in, _ := settled(t, withTemplates(eventTemplate("issued", 3)))
	in.EventTemplates[0] = eventTemplate("issued", 4, broken, onEvent("invoice.isued"))

	out := mustCompile(t, in)

	routesStay(t, in, out)
	o := out.EventTemplates["issued"]
	isLive(t, "issued", o, 3, false)
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid,
		`spec.event: there is no event "invoice.isued", there are: invoice.issued, invoice.paid, `,
		`spec.actions[0].type: "Telegram" is not allowed, allowed is Email, SMS, Webhook, Banner or Log`, "; generation 3 stays live")
	says(t, "ResolvedRefs", o.ResolvedRefs, true, compile.ReasonResolvedRefs)

	in.EventTemplates[0] = eventTemplate("issued", 5, doing(note("note", "It is issued.")))
	out = mustCompile(t, in)
	isLive(t, "issued, mended", out.EventTemplates["issued"], 5, true)
	if got := route(t, out.Routing, "issued").Actions[0].Type; got != "Log" {
		t.Errorf("live is %s", got)
	}
}

func TestRejectedTemplateOnFirstInstallIsNotLive(t *testing.T) {
	out := mustCompile(t, withTemplates(eventTemplate("issued", 1, broken), eventTemplate("paid", 1, onEvent("invoice.paid"))))
	o := out.EventTemplates["issued"]
	isLive(t, "issued", o, 0, false)
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid, "nothing of this object is live")
	isLive(t, "paid", out.EventTemplates["paid"], 1, true)
	if live := mustRoute(t, out.Routing); len(live.Templates) != 1 {
		t.Errorf("live are %+v", live.Templates)
	}
}

func TestRecreatedTemplateThatIsRefusedKeepsWhatTheOldOneSaid(t *testing.T) {
	in, _ := settled(t, withTemplates(eventTemplate("issued", 3)))
	in.EventTemplates[0] = eventTemplate("issued", 1, broken)
	in.EventTemplates[0].UID = "another"
	out := mustCompile(t, in)
	routesStay(t, in, out)
	isLive(t, "issued", out.EventTemplates["issued"], 0, false)
	says(t, "Accepted", out.EventTemplates["issued"].Accepted, false, compile.ReasonInvalid, "what the deleted object of this name said stays live")
}

func TestTemplatesWithoutATenant(t *testing.T) {
	in := withTemplates(eventTemplate("issued", 1), eventTemplate("bad", 1, broken), eventTemplate("own", 1, onEvent("custom.meter")))
	in.Tenant = nil
	out := mustCompile(t, in)
	if out.Routing != nil || out.RoutingDigest != "" {
		t.Errorf("something was written: %s", out.Routing)
	}
	says(t, "Accepted of issued", out.EventTemplates["issued"].Accepted, false, compile.ReasonTenantMissing, "spec.tenantRef", "nothing of this object is live")
	for _, name := range []string{"issued", "bad", "own"} {
		says(t, "ResolvedRefs of "+name, out.EventTemplates[name].ResolvedRefs, false, compile.ReasonTenantMissing)
	}
	says(t, "Accepted of bad", out.EventTemplates["bad"].Accepted, false, compile.ReasonInvalid, "Telegram")

	in.Tenant = tenant(1)
	in, firstOut := settled(t, in)
	in.Tenant = nil
	out = mustCompile(t, in)
	if out.Routing != nil || out.RoutingDigest != firstOut.RoutingDigest {
		t.Errorf("routing %s, digest %s", out.Routing, out.RoutingDigest)
	}
	says(t, "Accepted", out.EventTemplates["issued"].Accepted, false, compile.ReasonTenantMissing, "generation 1 stays live")
}

func TestTemplatesOfARefusedTenantStayAsTheyAre(t *testing.T) {
	in, firstOut := settled(t, withTemplates(eventTemplate("issued", 1), eventTemplate("paid", 1, onEvent("invoice.paid"))))
	in.Tenant = tenant(2, declares("custom.meter"), func(s *v1alpha1.TenantSpec) { s.Attributes.Currency = "XYZ" })
	in.EventTemplates[0] = eventTemplate("issued", 2, doing(note("note", "Issued.")))
	in.EventTemplates = append(in.EventTemplates, eventTemplate("own", 1, onEvent("custom.meter")))

	out := mustCompile(t, in)

	if out.Routing != nil || out.RoutingDigest != firstOut.RoutingDigest {
		t.Errorf("routing %s, digest %s", out.Routing, out.RoutingDigest)
	}
	says(t, "Accepted of issued", out.EventTemplates["issued"].Accepted, false, compile.ReasonTenantRefused, "generation 1 stays live")
	says(t, "Accepted of paid", out.EventTemplates["paid"].Accepted, true, compile.ReasonAccepted)
	// It waits for nothing else than the Tenant.
	says(t, "Accepted of own", out.EventTemplates["own"].Accepted, false, compile.ReasonTenantRefused, "nothing of this object is live")
	says(t, "ResolvedRefs of own", out.EventTemplates["own"].ResolvedRefs, true, compile.ReasonResolvedRefs)
}

func TestTemplatesOfAPausedTenantWait(t *testing.T) {
	in, firstOut := settled(t, withTemplates(eventTemplate("issued", 1), eventTemplate("paid", 1, onEvent("invoice.paid"))))
	in.Tenant = tenant(2, paused)
	if out := mustCompile(t, in); out.Waiting || out.Routing != nil {
		t.Errorf("nothing was changed, and waiting is %v, routing %s", out.Waiting, out.Routing)
	}
	pausedInput := in
	tests := map[string]struct {
		edit    func(in *compile.Input)
		waiting bool
	}{
		"a template is edited":      {func(in *compile.Input) { in.EventTemplates[0] = eventTemplate("issued", 2, when("account.id != ''")) }, true},
		"an edit that says nothing": {func(in *compile.Input) { in.EventTemplates[0] = eventTemplate("issued", 2) }, false},
		"a refused edit":            {func(in *compile.Input) { in.EventTemplates[0] = eventTemplate("issued", 2, broken) }, false},
		"a template is deleted":     {func(in *compile.Input) { in.EventTemplates = in.EventTemplates[:1] }, true},
		"a profile is edited":       {func(in *compile.Input) { in.AccountProfiles[0] = accountProfile("business", 2, terms(9)) }, true},
		"an event is declared":      {func(in *compile.Input) { in.Tenant = tenant(2, paused, declares("custom.meter")) }, true},
		"the tenant is refused":     {func(in *compile.Input) { in.Tenant = tenant(2, paused, defaultPortal("nowhere")) }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := pausedInput
			in.EventTemplates = append([]v1alpha1.EventTemplate(nil), in.EventTemplates...)
			in.AccountProfiles = append([]v1alpha1.AccountProfile(nil), in.AccountProfiles...)
			test.edit(&in)
			out := mustCompile(t, in)
			if out.Waiting != test.waiting {
				t.Errorf("waiting is %v", out.Waiting)
			}
			if out.Routing != nil || out.RoutingDigest != firstOut.RoutingDigest {
				t.Errorf("something was written: %s", out.Routing)
			}
		})
	}
	in.EventTemplates[0] = eventTemplate("issued", 2, when("account.id != ''"))
	says(t, "Accepted of issued", mustCompile(t, in).EventTemplates["issued"].Accepted, false, compile.ReasonTenantPaused, "generation 1 stays live")
}

// Rule 2: a deleted template ends at once, and its slots pass on.

func TestDeletedTemplateEndsAtOnce(t *testing.T) {
	in, out := settled(t, withTemplates(older(eventTemplate("first", 1), 2), eventTemplate("second", 1)))
	if len(mustRoute(t, out.Routing).Routing.Withheld) != 1 {
		t.Fatalf("no conflict to begin with:\n%s", out.Routing)
	}
	in.EventTemplates = in.EventTemplates[1:]
	in.Acknowledged, in.Usage = false, nil
	out = mustCompile(t, in)
	live := mustRoute(t, out.Routing)
	if _, there := live.Templates["first"]; there || len(live.Routing.Withheld) != 0 {
		t.Errorf("it is still there:\n%s", out.Routing)
	}
	if o := out.EventTemplates["second"]; o.Conflicted.Status || !o.Live {
		t.Errorf("second is %+v", o)
	}
	for ref, text := range live.Routing.Bodies {
		if strings.Contains(text, "first") {
			t.Errorf("its text %s stays: %s", ref, text)
		}
	}
}

// Rule 4: changed surroundings.

func ownEvent(fields ...string) func(*v1alpha1.TenantSpec) {
	return declares("custom.meter", fields...)
}

func aboutMeter(field string) func(*v1alpha1.EventTemplateSpec) {
	return func(s *v1alpha1.EventTemplateSpec) {
		s.Event = "custom.meter"
		s.Actions = []v1alpha1.ActionSpec{mail("mail", saying("It says {{.data."+field+"}}."))}
	}
}

func TestEditOfTheTenantThatBreaksALiveTemplateIsRefused(t *testing.T) {
	in := withTemplates(eventTemplate("meter", 1, aboutMeter("reading")), eventTemplate("issued", 1))
	in.Tenant = tenant(1, ownEvent("reading"))
	in, _ = settled(t, in)
	for name, events := range map[string][]func(*v1alpha1.TenantSpec){
		"the event is gone": nil,
		"another event":     {declares("custom.metre", "reading")},
		"the field is gone": {ownEvent("value")},
		"no field is left":  {ownEvent()},
	} {
		t.Run(name, func(t *testing.T) {
			in := in
			in.Tenant = tenant(2, events...)
			out := mustCompile(t, in)
			if out.Document != nil || out.Routing != nil {
				t.Errorf("something was written: %s\n%s", out.Document, out.Routing)
			}
			says(t, "Accepted of the tenant", out.Tenant.Accepted, false, compile.ReasonInvalid, "spec.events", `EventTemplate "meter"`, `event "custom.meter"`, "generation 1 stays live")
			if strings.Contains(out.Tenant.Accepted.Message, "issued") {
				t.Errorf("it names what does not break: %s", out.Tenant.Accepted.Message)
			}
			o := out.EventTemplates["meter"]
			isLive(t, "meter", o, 1, true)
			if o.Refused() || len(o.Warnings) > 0 {
				t.Errorf("meter is blamed: %+v", o)
			}
		})
	}
}

func TestEditOfTheTenantThatBreaksNothingIsAccepted(t *testing.T) {
	in := withTemplates(eventTemplate("meter", 1, aboutMeter("reading")))
	in.Tenant = tenant(1, ownEvent("reading", "unused"), declares("custom.other"))
	in, _ = settled(t, in)
	in.Tenant = tenant(2, ownEvent("value", "reading"))
	out := mustCompile(t, in)
	isLive(t, "the tenant", out.Tenant, 2, true)
	isLive(t, "meter", out.EventTemplates["meter"], 1, true)
	routesStay(t, in, out)
}

func TestEditOfTheTenantGoesWithTheTemplatesThatFollowIt(t *testing.T) {
	in := withTemplates(eventTemplate("meter", 1, aboutMeter("reading")), eventTemplate("gone", 1, aboutMeter("reading"), forProfiles("residential")))
	in.Tenant = tenant(1, ownEvent("reading"))
	in, _ = settled(t, in)
	in.Tenant = tenant(2, ownEvent("value"))
	in.EventTemplates = []v1alpha1.EventTemplate{eventTemplate("meter", 2, aboutMeter("value"))}
	out := mustCompile(t, in)
	isLive(t, "the tenant", out.Tenant, 2, true)
	isLive(t, "meter", out.EventTemplates["meter"], 2, true)

	// A generation that follows the edit, and is refused for something else, leaves the old one live.
	in.EventTemplates[0] = eventTemplate("meter", 2, aboutMeter("value"), forProfiles("nowhere"))
	out = mustCompile(t, in)
	says(t, "Accepted of the tenant", out.Tenant.Accepted, false, compile.ReasonInvalid, `EventTemplate "meter"`)
}

func TestRefusedTenantListsABoundedNumberOfTemplates(t *testing.T) {
	in := compile.Input{Tenant: tenant(1, ownEvent("reading")), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1)}}
	for i := range 13 {
		in.EventTemplates = append(in.EventTemplates, eventTemplate(fmt.Sprintf("t%02d", i), 1, aboutMeter("reading")))
	}
	in, _ = settled(t, in)
	in.Tenant = tenant(2)
	out := mustCompile(t, in)
	says(t, "Accepted of the tenant", out.Tenant.Accepted, false, compile.ReasonInvalid, `"t09"`, "; and 1 more; generation 1 stays live")
	if n := len(out.Tenant.Problems); n != 13 {
		t.Errorf("%d problems", n)
	}
}

// Rule 4, of references: what was accepted stays, what is new has to be there.

func TestUnknownAccountProfileOfATemplate(t *testing.T) {
	in := withTemplates(eventTemplate("issued", 1, forProfiles("busines", "business")), eventTemplate("paid", 1, onEvent("invoice.paid"), forProfiles("bad")))
	in.AccountProfiles = append(in.AccountProfiles, accountProfile("bad", 1, zone("Mars/Olympus")))
	out := mustCompile(t, in)
	o := out.EventTemplates["issued"]
	says(t, "ResolvedRefs", o.ResolvedRefs, false, compile.ReasonRefNotFound, `spec.accountProfileRefs[0]: there is no AccountProfile "busines"`, "there are: business, default (built in), residential")
	says(t, "Accepted", o.Accepted, true, compile.ReasonAccepted)
	isLive(t, "issued", o, 0, false)
	says(t, "ResolvedRefs of paid", out.EventTemplates["paid"].ResolvedRefs, false, compile.ReasonRefNotFound, `"bad" exists, but it is refused`)

	in.AccountProfiles = append(in.AccountProfiles, accountProfile("busines", 1))
	isLive(t, "issued, when the profile came", mustCompile(t, in).EventTemplates["issued"], 1, true)
}

func TestTemplateIsNoUserOfAProfileAndKeepsWithoutIt(t *testing.T) {
	in := withTemplates(eventTemplate("issued", 1, forProfiles("business", "residential")))
	in.Usage = usage(config.Bucket{AccountProfile: "business", Accounts: 2})
	in, _ = settled(t, in)
	in.AccountProfiles = in.AccountProfiles[1:] // business is deleted
	in, out := settled(t, in)
	warns(t, out.EventTemplates["issued"], "spec.accountProfileRefs[0]", `"business" was deleted`)

	in.EventTemplates = append(in.EventTemplates, eventTemplate("paid", 1, onEvent("invoice.paid")))
	out = mustCompile(t, in)
	says(t, "ResolvedRefs of what newly names it", out.EventTemplates["paid"].ResolvedRefs, false, compile.ReasonRefRetired, `"business" was deleted`)

	in.Usage = usage() // its last account goes, and so does the entry
	in, out = settled(t, in)
	isGone(t, out.Document, "AccountProfile", "business")
	out = mustCompile(t, in)
	o := out.EventTemplates["issued"]
	isLive(t, "issued", o, 1, true)
	warns(t, o, `there is no AccountProfile "business" any more`)
	routesStay(t, in, out)

	in.EventTemplates[0] = eventTemplate("issued", 2, forProfiles("business", "residential"), when("account.id != ''"))
	isLive(t, "issued, edited elsewhere", mustCompile(t, in).EventTemplates["issued"], 2, true)
}

func TestBuiltInDefaultProfileCanBeNamed(t *testing.T) {
	tests := map[string]struct {
		tenantDefault string
		profiles      []v1alpha1.AccountProfile
		resolves      []string
		refused       []string
	}{
		"no default is named":          {"", nil, []string{"default"}, []string{"gold"}},
		"a default that never was":     {"gold", nil, []string{"gold"}, []string{"default"}},
		"a default that was refused":   {"gold", []v1alpha1.AccountProfile{accountProfile("gold", 1, zone("Mars/Olympus"))}, []string{"gold"}, []string{"default"}},
		"a default that is live":       {"gold", []v1alpha1.AccountProfile{accountProfile("gold", 1)}, []string{"gold"}, []string{"default"}},
		"an object of the name":        {"", []v1alpha1.AccountProfile{accountProfile("default", 1)}, []string{"default"}, []string{"gold"}},
		"one more profile, and no ref": {"", []v1alpha1.AccountProfile{accountProfile("gold", 1)}, []string{"default", "gold"}, []string{"silver"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := compile.Input{Tenant: tenant(1), AccountProfiles: test.profiles}
			if test.tenantDefault != "" {
				in.Tenant = tenant(1, defaultAccountProfile(test.tenantDefault))
			}
			for _, profile := range append(test.resolves, test.refused...) {
				in.EventTemplates = append(in.EventTemplates, eventTemplate(profile, 1, forProfiles(profile)))
			}
			out := mustCompile(t, in)
			for _, profile := range test.resolves {
				o := out.EventTemplates[profile]
				isLive(t, profile, o, 1, true)
				if len(o.Warnings) > 0 {
					t.Errorf("%s: %q", profile, o.Warnings)
				}
			}
			for _, profile := range test.refused {
				says(t, profile, out.EventTemplates[profile].ResolvedRefs, false, compile.ReasonRefNotFound, "there are: ")
			}
		})
	}
}

func TestOwnEventsOfTheTenant(t *testing.T) {
	in := withTemplates(eventTemplate("meter", 1, onEvent("custom.metre")))
	o := mustCompile(t, in).EventTemplates["meter"]
	says(t, "ResolvedRefs", o.ResolvedRefs, false, compile.ReasonRefNotFound, `spec.event: the Tenant declares no event "custom.metre", and no other: add it to spec.events`)
	says(t, "Accepted", o.Accepted, true, compile.ReasonAccepted)

	in.Tenant = tenant(1, declares("custom.tariff"), declares("custom.meter"))
	o = mustCompile(t, in).EventTemplates["meter"]
	says(t, "ResolvedRefs", o.ResolvedRefs, false, compile.ReasonRefNotFound, "it declares: custom.meter, custom.tariff")

	in.Tenant = tenant(1, declares("custom.tariff"), declares("custom.metre"))
	out := mustCompile(t, in)
	isLive(t, "meter", out.EventTemplates["meter"], 1, true)
	var names []string
	for _, own := range content[config.Tenant](t, out.Document, "Tenant", "acme").Events {
		names = append(names, own.Name)
	}
	if diff := cmp.Diff([]string{"custom.metre", "custom.tariff"}, names); diff != "" {
		t.Errorf("events in the document:\n%s", diff)
	}
}

func TestWrongEventOfTheTenantIsRefusedInItsPlace(t *testing.T) {
	in := compile.Input{Tenant: tenant(1, declares("custom.zebra", "in"), declares("custom.ant", "ok", "1st"))}
	out := mustCompile(t, in)
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonInvalid, "spec.events[0].fields[0].name", "spec.events[1].fields[1].name")
}

// What is wrong with an event is told once, and not again by each template that it breaks.
func TestWrongEventIsNotToldByItsTemplates(t *testing.T) {
	in := withTemplates(eventTemplate("meter", 1, aboutMeter("reading")))
	in.Tenant = tenant(1, ownEvent("reading"))
	in, _ = settled(t, in)
	in.Tenant = tenant(2, ownEvent("1st"))
	out := mustCompile(t, in)
	var fields []string
	for _, p := range out.Tenant.Problems {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"spec.events[0].fields[0].name"}, fields); diff != "" {
		t.Errorf("it says: %s", out.Tenant.Accepted.Message)
	}
}

// Rule 5: an older operator.

func newerRouting(texts ...string) string {
	var bodies, refs []string
	for _, text := range texts {
		refs = append(refs, string(config.BodyOf(text)))
		bodies = append(bodies, fmt.Sprintf("%q: %q", config.BodyOf(text), text))
	}
	return fmt.Sprintf(`{
  "format": 1, "tenant": "acme", "suite": {"version": 12345678901234567890.5, "text": %q},
  "templates": [
    {"name": "issued", "uid": "uid-issued", "generation": 1, "signed": {"by": %q}, "content": {
      "event": "invoice.issued", "accountProfiles": ["business"], "until": "2027-01-01",
      "actions": [
        {"name": "push", "type": "Push", "push": {"text": %q, "email": ["another shape"]}, "email": "odd"},
        {"name": "mail", "type": "Email", "quiet": true, "email": {"to": ["Billing"], "subject": %q, "text": %q, "track": {"opens": 1},
          "translations": [{"locale": "fr", "subject": %q, "text": %q, "amp": %q}]}}]}},
    {"name": "later", "uid": "uid-later", "generation": 1, "content": {
      "event": "space.launched", "accountProfiles": ["business"],
      "actions": [{"name": "push", "type": "Push"}, {"name": "note", "type": "Log", "note": {"text": %q}}]}}],
  "withheld": [{"template": "later", "action": "push", "accountProfile": "business", "by": "issued"}],
  "bodies": {%s}}`, refs[0], refs[1], refs[2], refs[3], refs[4], refs[3], refs[5], refs[6], refs[4], strings.Join(bodies, ", "))
}

var newerTexts = []string{"suite", "signature", "push", "Hello from {{.tenant.name}}", "Dear {{.account.name}}, this is mail.", "Bonjour", "amp"}

func newerRoutingInput() compile.Input {
	push := v1alpha1.ActionSpec{Name: "push", Type: "Push"}
	mailInFrench := mail("mail", func(a *v1alpha1.ActionSpec) {
		a.Email.Translations = []v1alpha1.EmailTranslation{{Locale: "fr", Subject: "Hello from {{.tenant.name}}", Text: "Bonjour"}}
	})
	in := withTemplates(
		eventTemplate("issued", 1, doing(push, mailInFrench)),
		eventTemplate("later", 1, onEvent("space.launched"), doing(push, note("note", "Dear {{.account.name}}, this is mail."))),
	)
	in.LiveRouting = []byte(newerRouting(newerTexts...))
	return in
}

func TestUnknownFieldsActionsAndBodiesOfANewerReleaseSurvive(t *testing.T) {
	in := newerRoutingInput()
	out := mustCompile(t, in)
	if diff := cmp.Diff(tree(t, in.LiveRouting), tree(t, out.Routing)); diff != "" {
		t.Errorf("carried forward unchanged, it differs:\n%s", diff)
	}
	for _, name := range []string{"issued", "later"} {
		isLive(t, name, out.EventTemplates[name], 1, true)
	}
	warns(t, out.EventTemplates["later"], `there is no event "space.launched"`)

	in.EventTemplates[0] = eventTemplate("issued", 2, broken)
	out = mustCompile(t, in)
	if diff := cmp.Diff(tree(t, in.LiveRouting), tree(t, out.Routing)); diff != "" {
		t.Errorf("carried forward under a refused edit, it differs:\n%s", diff)
	}
}

func TestEditOfATemplateOfANewerRelease(t *testing.T) {
	in := newerRoutingInput()
	in.EventTemplates[0] = eventTemplate("issued", 2)
	in.EventTemplates[1].Generation++ // the event is not known, so nothing of the edit can be checked
	out := mustCompile(t, in)
	says(t, "Accepted of later", out.EventTemplates["later"].Accepted, false, compile.ReasonInvalid, `there is no event "space.launched"`, "generation 1 stays live")
	isLive(t, "issued", out.EventTemplates["issued"], 2, true)
	texts := map[string]bool{}
	for _, text := range mustRoute(t, out.Routing).Routing.Bodies {
		texts[text] = true
	}
	want := map[string]bool{"suite": true, "Hello from {{.tenant.name}}": true, "Dear {{.account.name}}, this is mail.": true}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestUnknownRoutingFormatStopsWriting(t *testing.T) {
	in := withTemplates()
	for document, unknown := range map[string]bool{`{"format": 2, "tenant": "acme"}`: true, `{"format": 1`: false, `{"format": 1}`: false} {
		in.LiveRouting = []byte(document)
		out, err := compile.Compile(in)
		if err == nil || errors.Is(err, config.ErrUnknownFormat) != unknown || out.Document != nil || out.Routing != nil {
			t.Errorf("%s: error %v, output %+v", document, err, out)
		}
	}
}

// TooLarge is for the routing document alone.

// noise makes texts that do not get smaller.
func noise(seed uint64, size int) string {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test has to be the same each time
	text := make([]byte, size)
	for i := range text {
		text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[random.IntN(64)]
	}
	return string(text)
}

func largeTemplates(t *testing.T) (compile.Input, compile.Output) {
	t.Helper()
	in := withTemplates(eventTemplate("meter", 1, aboutMeter("reading")), eventTemplate("issued", 1))
	in.Tenant = tenant(1, ownEvent("reading"))
	in, out := settled(t, in)
	for i := range 25 {
		in.EventTemplates = append(in.EventTemplates, eventTemplate(fmt.Sprintf("large-%02d", i), 1, onEvent("ticket.opened"), doing(mail("mail", saying(noise(uint64(i), 60_000)))))) //nolint:gosec // small
	}
	return in, out
}

func TestRoutingThatIsTooLargeStaysAsItIs(t *testing.T) {
	in, before := largeTemplates(t)
	in.Tenant = tenant(2, ownEvent("reading", "more"))
	in.AccountProfiles[0] = accountProfile("business", 2, terms(9))
	in.EventTemplates[1] = eventTemplate("issued", 2, broken)

	out := mustCompile(t, in)

	if out.Routing != nil || out.RoutingDigest != before.RoutingDigest {
		t.Errorf("digest %s, want %s", out.RoutingDigest, before.RoutingDigest)
	}
	says(t, "Accepted of large-00", out.EventTemplates["large-00"].Accepted, false, compile.ReasonTooLarge, "when it is packed, allowed are 1000 KB", "nothing of this object is live")
	says(t, "Accepted of issued", out.EventTemplates["issued"].Accepted, false, compile.ReasonInvalid, "generation 1 stays live")
	isLive(t, "meter", out.EventTemplates["meter"], 1, true)
	isLive(t, "the tenant", out.Tenant, 2, true)
	warns(t, out.Tenant, "allowed are 1000 KB")
	isLive(t, "business", out.AccountProfiles["business"], 2, true)
	if out.Document == nil {
		t.Error("the settings do not go on")
	}
}

func TestEditThatARoutingTooLargeCannotFollowIsRefused(t *testing.T) {
	in, _ := largeTemplates(t)
	in.Tenant = tenant(2, ownEvent("value"))
	in.EventTemplates[0] = eventTemplate("meter", 2, aboutMeter("value"))
	out := mustCompile(t, in)
	if out.Document != nil || out.Routing != nil {
		t.Error("something was written")
	}
	says(t, "Accepted of the tenant", out.Tenant.Accepted, false, compile.ReasonInvalid, `EventTemplate "meter"`)
	says(t, "Accepted of meter", out.EventTemplates["meter"].Accepted, false, compile.ReasonTenantRefused, "generation 1 stays live")

	in.EventTemplates = in.EventTemplates[:2]
	out = mustCompile(t, in)
	isLive(t, "meter, when it fits", out.EventTemplates["meter"], 2, true)
}

func TestSettingsThatAreTooLargeHoldTheRoutingToo(t *testing.T) {
	in, _ := settled(t, withTemplates(eventTemplate("issued", 1)))
	in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile("huge", 1, described(strings.Repeat("x", config.MaxBytes))))
	in.EventTemplates[0] = eventTemplate("issued", 2, when("account.id != ''"))
	out := mustCompile(t, in)
	if out.Document != nil || out.Routing != nil {
		t.Error("something was written")
	}
	says(t, "Accepted of issued", out.EventTemplates["issued"].Accepted, false, compile.ReasonTooLarge, "settings document", "generation 1 stays live")
}

// Nothing of an object but its spec, uid and generation reaches a document.
func TestNothingBesideTheSpecIsWritten(t *testing.T) {
	const secret = "s3cr3t-marker"
	template := eventTemplate("issued", 1)
	template.Annotations = map[string]string{"note": secret}
	template.Labels = map[string]string{"label": secret}
	template.Finalizers = []string{secret}
	template.Status.Conditions = append(template.Status.Conditions, conditionSaying(secret))
	in := withTemplates(template, eventTemplate("bad", 1, broken))
	in.Tenant.Annotations = map[string]string{"note": secret}
	in.Tenant.Status.Version = secret
	in.AccountProfiles[0].Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": secret}
	out := mustCompile(t, in)
	if bytes.Contains(out.Document, []byte(secret)) || bytes.Contains(out.Routing, []byte(secret)) || strings.Contains(fmt.Sprintf("%+v", out.EventTemplates), secret) {
		t.Error("the marker appears")
	}
}
