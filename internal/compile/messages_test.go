package compile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/compile"
)

// standard says which standard messages a profile has.
func standard(mode v1alpha1.StandardEventsMode, disabled ...string) func(*v1alpha1.AccountProfileSpec) {
	return func(s *v1alpha1.AccountProfileSpec) {
		s.StandardEvents = v1alpha1.StandardEventsSpec{Mode: mode, Disabled: disabled}
	}
}

// sources writes where the messages of a profile come from, but not those that are like
// the standard suite's.
func sources(t *testing.T, o compile.Outcome) []string {
	t.Helper()
	var list []string
	for _, e := range o.Events {
		usual := v1alpha1.MessagesNone
		if suite.Has(e.Event) {
			usual = v1alpha1.MessagesStandard
		}
		if e.Source != usual || len(e.Templates) > 0 {
			list = append(list, fmt.Sprint(e.Event, " ", e.Source, " ", e.Templates))
		}
	}
	if !slices.IsSortedFunc(o.Events, func(a, b v1alpha1.EventStatus) int { return strings.Compare(a.Event, b.Event) }) {
		t.Errorf("not sorted: %+v", o.Events)
	}
	return list
}

func TestWhereMessagesComeFrom(t *testing.T) {
	in := withTemplates(
		eventTemplate("issued", 1, forProfiles("business", "residential")), eventTemplate("also-issued", 1, doing(sms("a", "Hello"))),
		eventTemplate("switched-off", 1, onEvent("invoice.paid"), doing(mail("a", disabled))),
		eventTemplate("meter", 1, onEvent("custom.meter")), eventTemplate("contact", 1, onEvent("contact.created")),
		eventTemplate("wrong", 1, onEvent("payment.received"), broken))
	in.Tenant = tenant(1, declares("custom.meter", "reading"), declares("custom.other", "reading"))
	in.AccountProfiles = append(in.AccountProfiles, accountProfile("quiet", 1, standard("None")), accountProfile("calm", 1, standard("", "invoice.issued", "order.placed")),
		accountProfile("refused", 1, standard("Some")))
	in, out := settled(t, in)
	want := map[string][]string{
		"business":    {"contact.created EventTemplate [contact]", "custom.meter EventTemplate [meter]", "invoice.issued EventTemplate [also-issued issued]", "invoice.paid EventTemplate [switched-off]"},
		"residential": {"invoice.issued EventTemplate [issued]"},
		"calm":        {"invoice.issued None []", "order.placed None []"},
		"refused":     nil,
	}
	for _, name := range suite.Events() {
		want["quiet"] = append(want["quiet"], name+" None []")
	}
	got := map[string][]string{}
	for name, o := range out.AccountProfiles {
		got[name] = sources(t, o)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	events := map[string]bool{}
	for _, e := range out.AccountProfiles["residential"].Events {
		events[e.Event] = true
	}
	for _, name := range append(catalog.BuiltIn().Names(), "custom.meter", "custom.other") {
		event, builtIn := catalog.BuiltIn().Lookup(name)
		if wanted := !builtIn || event.Message; events[name] != wanted {
			t.Errorf("%s is listed: %t, want %t", name, events[name], wanted)
		}
	}
	if out.AccountProfiles["refused"].Events != nil {
		t.Errorf("of a profile that is not live there is %+v", out.AccountProfiles["refused"].Events)
	}

	// While an edit is refused, what is live counts; so it does while nothing changes.
	in.AccountProfiles[0] = accountProfile("business", 2, standard("None", "no.such"))
	in.EventTemplates[0] = eventTemplate("issued", 2, broken)
	if diff := cmp.Diff(want["business"], sources(t, mustCompile(t, in).AccountProfiles["business"])); diff != "" {
		t.Errorf("with refused edits:\n%s", diff)
	}
	in.Tenant = tenant(2, paused)
	in.AccountProfiles[0], in.EventTemplates = accountProfile("business", 2, standard("None")), nil
	if diff := cmp.Diff(want["business"], sources(t, mustCompile(t, in).AccountProfiles["business"])); diff != "" {
		t.Errorf("of a paused tenant:\n%s", diff)
	}
}

func TestChecksOfStandardEvents(t *testing.T) {
	tests := map[string]struct {
		edit func(*v1alpha1.AccountProfileSpec)
		want []string
	}{
		"all":               {standard("Inherit"), nil},
		"none":              {standard("None"), nil},
		"some":              {standard("", "invoice.issued"), nil},
		"no mode":           {standard("Some"), []string{`spec.standardEvents.mode: "Some" is not allowed, allowed is Inherit or None`}},
		"no event":          {standard("", "invoice.isued"), []string{`spec.standardEvents.disabled: there is no standard message for "invoice.isued" that could be switched off, there are those for: invoice.issued, `}},
		"no message for it": {standard("", "contact.created"), []string{`spec.standardEvents.disabled: there is no standard message for "contact.created" `}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := mustCompile(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, test.edit)}}).AccountProfiles["business"]
			if len(test.want) != len(o.Problems) {
				t.Fatalf("it says %v, want %q", o.Problems, test.want)
			}
			for i, want := range test.want {
				if got := o.Problems[i].Error(); !strings.HasPrefix(got, want) {
					t.Errorf("it says   %s\nwant that %s", got, want)
				}
			}
		})
	}
}

// What people wait for and nobody sends is warned of: on the account profile, and on the
// template that takes it away.
func TestSilencedEventsAreWarnedOf(t *testing.T) {
	flags := func(flags ...v1alpha1.MyAccountFlag) func(*v1alpha1.MyAccountProfileSpec) {
		return func(s *v1alpha1.MyAccountProfileSpec) { s.MyAccountFlags = flags }
	}
	portals := []v1alpha1.MyAccountProfile{
		portalProfile("shop", 1, flags("PlaceOrders", "ViewInvoices")), portalProfile("work", 1, flags("RequestService", "ManageContacts")),
		portalProfile("pay", 1, flags("PayInvoices", "EditProfile")), portalProfile("view", 1),
	}
	off := func(what, portal, events string) string {
		return fmt.Sprintf("spec.standardEvents: its accounts have %s by MyAccountProfile %q, and nobody is sent anything on %s: leave the standard message on, or make an EventTemplate for it", what, portal, events)
	}
	const mend = "give it an action of type Email that is enabled, or delete it"
	replaced := func(what, portal, event string) []string {
		return []string{fmt.Sprintf("its accounts have %s by MyAccountProfile %q, and nobody is sent anything on %s: the standard message is replaced by EventTemplate \"own\", which sends people nothing: %s", what, portal, event, mend)}
	}
	silent := func(event string) []string {
		return []string{fmt.Sprintf("spec.actions: people of account profile \"business\" wait for a message on %s, and nobody sends it: the template replaces the standard message and sends people nothing: %s", event, mend)}
	}
	secret := saying("{{.credential.link}}")
	to := func(who v1alpha1.EmailRecipient) func(*v1alpha1.ActionSpec) {
		return func(a *v1alpha1.ActionSpec) { a.Email.To = []v1alpha1.EmailRecipient{who} }
	}
	own := func(event string, actions ...v1alpha1.ActionSpec) []v1alpha1.EventTemplate {
		return []v1alpha1.EventTemplate{eventTemplate("own", 1, onEvent(event), doing(actions...))}
	}
	secretMail, secretText := mail("a", secret), sms("a", "{{.credential.link}}", fallback("Email"))
	business := func(edits ...func(*v1alpha1.AccountProfileSpec)) v1alpha1.AccountProfile {
		return accountProfile("business", 1, edits...)
	}
	view := names("view")
	tests := map[string]struct {
		tenant    *v1alpha1.Tenant
		profile   v1alpha1.AccountProfile
		templates []v1alpha1.EventTemplate
		want      []string // of the profile
		onOwn     []string // of the template
	}{
		"all on":            {tenant(1), business(names("shop")), nil, nil, nil},
		"no portal":         {tenant(1), business(standard("None")), nil, nil, nil},
		"orders":            {tenant(1), business(names("shop"), standard("", "order.placed", "request.created", "invoice.issued")), nil, []string{off("PlaceOrders", "shop", "order.placed")}, nil},
		"by the default":    {tenant(1, defaultPortal("shop")), business(standard("", "order.placed")), nil, []string{off("PlaceOrders", "shop", "order.placed")}, nil},
		"it has its own":    {tenant(1), business(names("shop"), standard("", "order.placed")), own("order.placed", mail("a")), nil, nil},
		"not in its portal": {tenant(1), business(view, standard("", "order.placed", "request.created", "contact.invited", "payment.failed")), nil, nil, nil},
		"nobody gets in": {tenant(1), business(view, standard("None")), nil,
			[]string{off("the portal", "view", "contact.verifyEmail, portal.accessRevoked, portal.credentialCreate, portal.credentialsChanged, portal.newSignIn, portal.passwordReset")}, nil},
		"requests, invitations": {tenant(1), business(names("work"), standard("", "request.created", "contact.invited")), nil, []string{off("ManageContacts", "work", "contact.invited"), off("RequestService", "work", "request.created")}, nil},
		"payments, a new address": {tenant(1), business(names("pay"), standard("", "payment.received", "payment.failed", "contact.verifyEmail", "portal.newSignIn")), nil,
			[]string{off("the portal", "pay", "contact.verifyEmail, portal.newSignIn"), off("PayInvoices", "pay", "payment.failed, payment.received")}, nil},

		"a reset that is switched off": {tenant(1), business(view), own("portal.passwordReset", mail("a", secret, disabled)), replaced("the portal", "view", "portal.passwordReset"), silent("portal.passwordReset")},
		"a reset that is a note":       {tenant(1), business(view), own("portal.passwordReset", note("a", "Reset.")), replaced("the portal", "view", "portal.passwordReset"), silent("portal.passwordReset")},
		"a reset that is a banner":     {tenant(1), business(view), own("portal.passwordReset", banner("a", "Reset.")), replaced("the portal", "view", "portal.passwordReset"), silent("portal.passwordReset")},
		"a reset by mail":              {tenant(1), business(view), own("portal.passwordReset", note("b", "Reset."), secretMail), nil, nil},
		"a reset by text, else mail":   {tenant(1), business(view), own("portal.passwordReset", secretText), nil, nil},
		"a portal by other rules": {tenant(1), business(), own("portal.passwordReset", note("a", "Reset.")),
			[]string{"nobody is sent anything on portal.passwordReset: the standard message is replaced by EventTemplate \"own\", which sends people nothing: " + mend}, silent("portal.passwordReset")},
		"one of two tells":        {tenant(1), business(view), append(own("portal.passwordReset", note("a", "Reset.")), eventTemplate("other", 1, onEvent("portal.passwordReset"), doing(secretMail))), nil, nil},
		"an order by text":        {tenant(1), business(names("shop")), own("order.placed", sms("a", "Thank you.")), nil, nil},
		"an order to the house":   {tenant(1), business(names("shop")), own("order.placed", mail("a", to("orders@acme.example"))), replaced("PlaceOrders", "shop", "order.placed"), silent("order.placed")},
		"an order to the web":     {tenant(1), business(names("shop")), own("order.placed", hook("a", "https://acme.example/")), replaced("PlaceOrders", "shop", "order.placed"), silent("order.placed")},
		"a sign-in, by address":   {tenant(1), business(view), own("portal.newSignIn", mail("a", to("security@acme.example"))), nil, nil}, // it goes to the person whatever to says
		"a note on a statement":   {tenant(1), business(view), own("invoice.issued", note("a", "Issued.")), nil, nil},
		"an own event, by a note": {tenant(1, declares("custom.meter", "reading")), business(view), own("custom.meter", note("a", "Read.")), nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := mustCompile(t, compile.Input{Tenant: test.tenant, AccountProfiles: []v1alpha1.AccountProfile{test.profile}, MyAccountProfiles: portals, EventTemplates: test.templates})
			o := out.AccountProfiles["business"]
			isLive(t, "business", o, 1, true)
			if diff := cmp.Diff(test.want, o.Warnings); diff != "" {
				t.Errorf("warnings of the profile:\n%s", diff)
			}
			for _, template := range test.templates {
				isLive(t, template.Name, out.EventTemplates[template.Name], 1, true)
			}
			if diff := cmp.Diff(test.onOwn, out.EventTemplates["own"].Warnings); diff != "" {
				t.Errorf("warnings of the template:\n%s", diff)
			}
		})
	}
}

// An action that another template takes the day from sends nothing.
func TestWithheldActionTellsNobody(t *testing.T) {
	in := withTemplates(
		older(eventTemplate("first", 1, onEvent("order.placed"), doing(mail("a", func(a *v1alpha1.ActionSpec) { a.Email.To = []v1alpha1.EmailRecipient{"orders@acme.example"} }))), 1),
		eventTemplate("second", 1, onEvent("order.placed")))
	in.AccountProfiles[0] = accountProfile("business", 1, names("shop"))
	in.MyAccountProfiles = []v1alpha1.MyAccountProfile{portalProfile("shop", 1, func(s *v1alpha1.MyAccountProfileSpec) { s.MyAccountFlags = []v1alpha1.MyAccountFlag{"PlaceOrders"} })}
	out := mustCompile(t, in)
	warns(t, out.AccountProfiles["business"], "nobody is sent anything on order.placed", `by EventTemplate "first", "second"`)
	warns(t, out.EventTemplates["second"], "and nobody sends it")
}

// A text message of a secret link goes to nobody, unless a mail stands in for it.
func TestTextMessageOfASecretLink(t *testing.T) {
	text := func(edits ...func(*v1alpha1.ActionSpec)) compile.Outcome {
		return mustCompile(t, withTemplates(eventTemplate("t", 1, onEvent("portal.passwordReset"), doing(sms("a", "{{.credential.link}}", edits...))))).EventTemplates["t"]
	}
	says(t, "Accepted", text().Accepted, false, compile.ReasonInvalid, "spec.actions[0].sms.fallback: event \"portal.passwordReset\" has a secret link, which goes to mail addresses only")
	says(t, "Accepted", text(fallback("None")).Accepted, false, compile.ReasonInvalid, "set fallback: Email")
	isLive(t, "t", text(fallback("Email")), 1, true)
}

// A status has room for no more than a part of a thousand templates.
func TestListsOfMessagesAreBounded(t *testing.T) {
	var templates []v1alpha1.EventTemplate
	for i := range 20 {
		templates = append(templates, eventTemplate(fmt.Sprintf("t-%02d", i), 1))
	}
	for _, e := range mustCompile(t, withTemplates(templates...)).AccountProfiles["business"].Events {
		if e.Event == "invoice.issued" && len(e.Templates) != 16 {
			t.Errorf("%d templates are listed: %q", len(e.Templates), e.Templates)
		}
	}
}
