package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// expected are events whose message people wait for who have a feature, and those without
// which nobody comes into the portal, or hears that a stranger did.
var expected = []struct {
	feature settings.Feature // empty: any
	event   string
}{
	{"", "contact.verifyEmail"}, // everybody changes their own address
	{"", "portal.accessRevoked"},
	{"", "portal.credentialCreate"},
	{"", "portal.credentialsChanged"},
	{"", "portal.newSignIn"},
	{"", "portal.passwordReset"},
	{settings.ManageContacts, "contact.invited"},
	{settings.PayInvoices, "payment.failed"},
	{settings.PayInvoices, "payment.received"},
	{settings.PlaceOrders, "order.placed"},
	{settings.RequestService, "request.created"},
}

// silence is an event that nobody is sent anything on.
type silence struct {
	event     string
	templates []string // that replace its standard message; empty: standardEvents took it away
	has       string   // what of the portal it is about; empty: nobody who has it waits for it
	portal    string   // the MyAccountProfile with it
}

type silences []silence

// tells says whether an action sends people something of an event. A secret link goes by
// mail only.
func tells(a config.Action, event catalog.Event) bool {
	// Security messages go to the person whom they are about, whatever an action says.
	people := func(to []string) bool {
		return event.Category == catalog.Security || slices.ContainsFunc(to, func(r string) bool { return slices.Contains(roles, r) })
	}
	switch {
	case !fires(a):
		return false
	case a.Email != nil:
		return people(a.Email.To)
	case a.SMS != nil:
		return people(a.SMS.To) && (event.RequiredLink == "" || a.SMS.Fallback == string(v1alpha1.SMSFallbackEmail))
	}
	return false
}

// neverFiring are the actions that do not fire for a profile on any day.
func neverFiring(withheld []config.Withheld) map[withheldKey]bool {
	never := map[withheldKey]bool{}
	for _, w := range withheld {
		if len(w.Days) == 0 {
			never[withheldKey{w.Template, w.Action, w.AccountProfile}] = true
		}
	}
	return never
}

// silenced lists the events of the standard suite that nobody of a profile's accounts is
// sent anything on.
func (m messages) silenced(profile string, events []v1alpha1.EventStatus) silences {
	var found silences
	for _, e := range events {
		switch {
		case !suite.Has(e.Event):
		case e.Source == v1alpha1.MessagesNone:
			found = append(found, silence{event: e.Event})
		case e.Source == v1alpha1.MessagesOfTemplate && !m.tells[profile][e.Event]:
			found = append(found, silence{event: e.Event, templates: m.templates[profile][e.Event]})
		}
	}
	return found
}

// missed are those of some events that people wait for. Whoever a secret link is for waits
// for it in any case: accounts have a portal by other rules than their profile's as well.
func (p *pass) missed(profile config.AccountProfile, all silences) silences {
	name := profile.MyAccountProfile
	if t := p.tenantContent(); name == "" && t != nil {
		name = t.DefaultMyAccountProfile
	}
	state, portal := standingOf(name, p.myAccountProfiles, p.live.myAccountProfiles)
	hasPortal := state == standingLive || state == standingRetired
	var missed silences
	for _, s := range all {
		for _, e := range expected {
			if e.event == s.event && hasPortal && (e.feature == "" || slices.Contains(portal.Features, e.feature)) {
				s.has, s.portal = "the portal", name
				if e.feature != "" {
					s.has = string(e.feature)
				}
			}
		}
		event, _ := catalog.BuiltIn().Lookup(s.event)
		if s.has != "" || event.RequiredLink != "" && len(s.templates) > 0 {
			missed = append(missed, s)
		}
	}
	return missed
}

// warnings are for the account profile: one sentence for all events that are about the
// same and silenced by the same.
func (all silences) warnings() []string {
	var warnings []string
	for i, s := range all {
		same := func(other silence) bool { return s.has == other.has && slices.Equal(s.templates, other.templates) }
		if slices.IndexFunc(all, same) < i {
			continue
		}
		var events []string
		for _, other := range all {
			if same(other) {
				events = append(events, other.event)
			}
		}
		warnings = append(warnings, s.warning(events))
	}
	return warnings
}

func (s silence) warning(events []string) string {
	nobody := "nobody is sent anything on " + strings.Join(events, ", ")
	if s.has != "" {
		nobody = fmt.Sprintf("its accounts have %s by MyAccountProfile %q, and %s", s.has, s.portal, nobody)
	}
	if len(s.templates) == 0 {
		return "spec.standardEvents: " + nobody + ": leave the standard message on, or make an EventTemplate for it"
	}
	return fmt.Sprintf("%s: the standard message is replaced by EventTemplate %s, which sends people nothing: %s", nobody, listed(quoted(s.templates)), tellThem)
}

// tellThem is what ends a silence by a template.
const tellThem = "give it an action of type Email that is enabled, or delete it"

// warnSilent tells templates for which account profiles they take a message away that
// people wait for.
func warnSilent(outcomes map[string]Outcome, silent map[string]map[string]bool, routing *config.LiveRouting) {
	for template, profiles := range silent {
		if outcome, known := outcomes[template]; known {
			outcome.Warnings = append(outcome.Warnings, fmt.Sprintf(
				"spec.actions: people of account profile %s wait for a message on %s, and nobody sends it: the template replaces the standard message and sends people nothing: %s",
				listed(quoted(sortedNames(profiles))), routing.Templates[template].Event, tellThem))
			outcomes[template] = outcome
		}
	}
}

func quoted(names []string) []string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, strconv.Quote(name))
	}
	return list
}
