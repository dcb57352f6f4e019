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

// A feature whose event has no message is warned of, if standardEvents took it away.
func TestSilencedFeaturesAreWarnedOf(t *testing.T) {
	flags := func(flags ...v1alpha1.MyAccountFlag) func(*v1alpha1.MyAccountProfileSpec) {
		return func(s *v1alpha1.MyAccountProfileSpec) { s.MyAccountFlags = flags }
	}
	portals := []v1alpha1.MyAccountProfile{
		portalProfile("shop", 1, flags("PlaceOrders", "ViewInvoices")), portalProfile("work", 1, flags("RequestService", "ManageContacts")), portalProfile("view", 1),
	}
	const advice = ": leave its standard message on, or make an EventTemplate for it"
	warning := func(what, portal, event string) string {
		return fmt.Sprintf("spec.standardEvents: its accounts have %s by MyAccountProfile %q, and nobody is sent anything on %s%s", what, portal, event, advice)
	}
	tests := map[string]struct {
		tenant    *v1alpha1.Tenant
		profile   v1alpha1.AccountProfile
		templates []v1alpha1.EventTemplate
		want      []string
	}{
		"all on":                {tenant(1), accountProfile("business", 1, names("shop")), nil, nil},
		"no portal":             {tenant(1), accountProfile("business", 1, standard("None")), nil, nil},
		"orders":                {tenant(1), accountProfile("business", 1, names("shop"), standard("", "order.placed", "request.created", "invoice.issued")), nil, []string{warning("PlaceOrders", "shop", "order.placed")}},
		"by the default":        {tenant(1, defaultPortal("shop")), accountProfile("business", 1, standard("", "order.placed")), nil, []string{warning("PlaceOrders", "shop", "order.placed")}},
		"it has its own":        {tenant(1), accountProfile("business", 1, names("shop"), standard("", "order.placed")), []v1alpha1.EventTemplate{eventTemplate("order", 1, onEvent("order.placed"))}, nil},
		"not in its portal":     {tenant(1), accountProfile("business", 1, names("view"), standard("", "order.placed", "request.created", "contact.invited")), nil, nil},
		"nobody gets in":        {tenant(1), accountProfile("business", 1, names("view"), standard("None")), nil, []string{warning("the portal", "view", "portal.credentialCreate"), warning("the portal", "view", "portal.passwordReset")}},
		"requests, invitations": {tenant(1), accountProfile("business", 1, names("work"), standard("", "request.created", "contact.invited")), nil, []string{warning("ManageContacts", "work", "contact.invited"), warning("RequestService", "work", "request.created")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := mustCompile(t, compile.Input{Tenant: test.tenant, AccountProfiles: []v1alpha1.AccountProfile{test.profile}, MyAccountProfiles: portals, EventTemplates: test.templates}).AccountProfiles["business"]
			isLive(t, "business", o, 1, true)
			if diff := cmp.Diff(test.want, o.Warnings); diff != "" {
				t.Errorf("warnings:\n%s", diff)
			}
		})
	}
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
